"""What is measured: each part takes a lab and a running contestant and returns figures."""
