"""The phone app: `app/` has its files, `builder/` makes what the server sends, `blueprint.py` serves that."""
