"""Pure functions, one file per collection or kind: rows of Tryton to records, documents to values."""
