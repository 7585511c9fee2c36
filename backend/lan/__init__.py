"""HTTPS in a company's own network, to try a real phone: this machine's addresses, and a certificate."""
