"""What devices report about themselves: documents that they have not sent, and the figures of their syncs."""
