"""`python -m backend.cli` runs `satchel`."""

from backend.cli.main import main

main()
