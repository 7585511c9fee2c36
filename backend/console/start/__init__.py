"""The start page: what waits for the person, and the state of ERP and phones."""
