"""Pure translations, one file per collection: rows of Tryton in, a record of the catalogue out."""
