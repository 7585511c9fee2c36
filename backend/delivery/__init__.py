"""Delivery: hand each submission to the ERP exactly once, and bring the result back."""
