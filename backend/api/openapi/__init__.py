"""OpenAPI 3.1: endpoints declare operations (`operation.py`), `document.py` builds the document."""
