"""The sample ERP: a separate process that simulates the ERP of a sample company, over files.

It is not part of Satchel's own machinery and shares only the folder and its layout with it. It keeps its
database in `sample_erp.sqlite`, writes exports, imports documents, numbers and acknowledges them, and then
ships, invoices and is paid. So a demo and the tests have an ERP that behaves like a real one.
"""

from backend.sample_erp.run import run

__all__ = ["run"]
