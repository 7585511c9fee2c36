"""Documents: the list with its search, and a document with its timeline."""
