"""The schema's history. `satchel init` and `satchel upgrade` bring a database to its newest revision."""
