"""Pump 1: reads the ERP through its port and publishes to the feed."""
