"""The confined process: reads a receipt from stdin, writes its copy to stdout, and its report to stderr.

    python -m backend.receipts.checking MEDIA-TYPE < original > copy 2> report

The report is JSON: `{"result": "checked", "media_type": …, "walls": […]}` or
`{"result": "refused", "refusal": …, "walls": […]}`.
"""

import json
import os
import sys

from backend.receipts.checking import confinement


def main(media_type: str) -> None:
    """Load the decoder, confine this process, then read the receipt."""
    confinement.lower_priority()
    # Imported here: a picture does not need the PDF library, nor a PDF more of Pillow than its base.
    from backend.receipts.checking import images

    if media_type == "application/pdf":
        from backend.receipts.checking import pdf

        pdf.prepare()
    else:
        images.prepare(media_type)
    walls = confinement.confine()
    with os.fdopen(0, "rb", closefd=False) as original:
        data = original.read()
    try:
        written, copy = pdf.read(data) if media_type == "application/pdf" else images.read(data, media_type)
    except images.Refused as refused:
        report = {"result": "refused", "refusal": refused.refusal.value, "walls": walls}
    else:
        with os.fdopen(1, "wb", closefd=False) as target:
            target.write(copy)
        report = {"result": "checked", "media_type": written, "walls": walls}
    os.write(2, json.dumps(report).encode())


if __name__ == "__main__":
    main(sys.argv[1])
    # Nothing of the interpreter's end is needed, and a library could hang there.
    os._exit(0)
