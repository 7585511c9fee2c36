"""Pump 2: hands submissions to the ERP, each once, and brings their fate back."""
