"""Pure functions, one per collection: rows of an export become a record."""
