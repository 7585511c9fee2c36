"""One folder per ERP, all of one shape.

- `adapter.py` answers the port
- `mapper.py` has one row per collection and per kind; the pure functions behind it are in `mapping/`
- `options.py` declares the settings
- `health.py` answers `check()`
- `errors.py` turns what goes wrong into `ErpError`
- `README.md` is for whoever changes the connector

What speaks to the ERP is named after what it is: `client.py` over the network, `exchange.py` with files.
"""
