"""`satchel …`: everything an operator, and a rep at a terminal, can ask for."""
