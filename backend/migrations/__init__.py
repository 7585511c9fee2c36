"""The history of the schema. `satchel init` upgrades a database to the newest revision."""
