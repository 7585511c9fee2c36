"""The measurements: each part takes a lab and a running system and returns figures."""
