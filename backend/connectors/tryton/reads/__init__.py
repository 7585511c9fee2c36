"""Where each collection comes from: which rows of Tryton, and what says that they changed."""
