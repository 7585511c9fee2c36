"""The command line `satchel`, for operators, and for a rep at a terminal."""
