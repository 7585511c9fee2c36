"""`python -m backend.cli` is `satchel`."""

from backend.cli.main import main

main()
