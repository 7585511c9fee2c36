"""What is wrong with a whole file or folder, as `ErpError`."""

from backend.erp.errors import ErpError, ErrorClass


def setup_fault(message: str) -> ErpError:
    """Return the error for a file of another form than agreed: the settings or the export must change."""
    return ErpError(ErrorClass.CONFIG, message)


def broken_export(message: str) -> ErpError:
    """Return the error for an export that differs from its manifest: the ERP must write a new one."""
    return ErpError(ErrorClass.REJECT_OFFICE, message)


def out_of_reach(error: OSError) -> ErpError:
    """Return the error for a folder or file that cannot be reached now."""
    where = error.filename or "the shared folder"
    return ErpError(
        ErrorClass.TRANSIENT,
        f"{where} cannot be used: {error.strerror or error}. "
        "Is the share mounted, and may Satchel read and write there?",
        raw=repr(error),
        no_answer=True,
    )
