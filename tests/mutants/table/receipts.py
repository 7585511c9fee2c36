"""Mutants of receipts and of names from outside: hostile files forwarded, shown or followed."""

import backend.files
from backend.api.endpoints import office_receipts
from backend.connectors.flatfile import exchange
from backend.receipts import checks, receipts, uploads
from backend.receipts.checking import confinement, images, jpeg_segments, pdf, pdf_streams, process
from sync_protocol import external_name
from tests.mutants.edits import always, body, drop, never, replace
from tests.mutants.mutant import Mutant

UNIT = "tests/unit/receipts"
PICTURES, PDFS, CONFINED, CHECKS = (
    f"{UNIT}/test_{name}.py" for name in ("hostile_pictures", "hostile_pdfs", "confinement", "checks")
)
FILES = "tests/unit/test_files_not_followed.py"
IN_PDFS = f"{UNIT}/test_pictures_in_pdfs.py"
SHARE = "tests/unit/connectors/flatfile/test_hostile_share.py"
OFFICE = "tests/unit/api/endpoints/test_office_receipts.py"

RECEIPTS = [
    Mutant(
        "a claim is sent with an unchecked receipt",
        "–",
        "A claim is queued as soon as its receipt is uploaded, and the ERP gets what a stranger sent.",
        f"{CHECKS}::test_a_checked_receipt_is_forwarded_as_a_copy_under_the_name_of_the_original",
        [never(receipts.unusable, "state == ReceiptState.UNCHECKED")],
        only="sqlite",
    ),
    Mutant(
        "a copy that is made again is still shown",
        "–",
        "Until its turn comes, the ERP and the office get the copy with the place where it was taken.",
        f"{UNIT}/test_rechecks.py::test_old_copies_are_made_again_without_metadata",
        [replace(receipts.file, "unchecked or receipt.copy_sha256 is None", "receipt.copy_sha256 is None")],
        only="kept",
    ),
    Mutant(
        "a copy without an original is never made again",
        "–",
        "Its original was deleted, so the check fails each time, and nobody gets the receipt again.",
        f"{UNIT}/test_rechecks.py::test_old_copies_are_made_again_without_metadata",
        [always(checks.ReceiptChecks._due, "receipt.original_deleted_at is None or $$$")],
        only="deleted",
    ),
    Mutant(
        "the ERP gets the original",
        "–",
        "The copy is made and the original is sent, with the place where it was taken.",
        f"{CHECKS}::test_a_checked_receipt_is_forwarded_as_a_copy_under_the_name_of_the_original",
        [replace(receipts.file, "files.copy_path($$$ALL)", "files.receipt_path(folder, receipt.sha256)")],
        only="sqlite",
    ),
    Mutant(
        "pixels are counted after decoding",
        "–",
        "A PNG of a few bytes takes gigabytes.",
        f"{PICTURES}::test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded",
        [never(images.read, "width * height > MAX_PIXELS or max(width, height) > MAX_SIDE")],
    ),
    Mutant(
        "metadata are copied",
        "–",
        "The copy has the colour profile and the text of the original.",
        f"{PICTURES}::test_the_copy_is_upright_and_says_nothing_but_the_picture",
        [replace(images.copy, "Image.new(upright.mode, upright.size)", "upright.copy()")],
    ),
    Mutant(
        "a script in a PDF passes",
        "–",
        "A PDF that runs a program when it is opened reaches the approver.",
        f"{PDFS}::test_a_pdf_with_an_active_part_is_refused",
        [body(pdf._is_active, "return False")],
    ),
    Mutant(
        "a packed picture keeps its place",
        "–",
        "A JPEG that a PDF packs once more keeps EXIF and GPS in the copy.",
        f"{IN_PDFS}::test_a_jpeg_in_a_pdf_loses_its_metadata_wherever_they_are",
        [
            replace(
                pdf_streams.clean_picture, "_PICTURES.get($NAME) if names else None", "_PICTURES.get(names[0])"
            )
        ],
        only="packed",
    ),
    Mutant(
        "metadata after the scan",
        "–",
        "The search for metadata ends where the picture begins.",
        f"{IN_PDFS}::test_a_jpeg_in_a_pdf_loses_its_metadata_wherever_they_are",
        [replace(jpeg_segments._segments, "following.start() if following else len(data)", "len(data)")],
        only="scan",
    ),
    Mutant(
        "a picture inside the text of a page is not seen",
        "–",
        "EXIF of an inline picture is in the copy.",
        f"{IN_PDFS}::test_a_picture_inside_the_text_of_a_page_loses_its_metadata",
        [drop(pdf._copy, "page.externalize_inline_images()")],
    ),
    Mutant(
        "a stream of gigabytes",
        "–",
        "A PDF of a megabyte takes a gigabyte of whoever opens its copy.",
        f"{IN_PDFS}::test_streams_that_unpack_to_too_much_are_refused",
        [drop(pdf._copy, "decoded.add(item)")],
    ),
    Mutant(
        "pixels in a PDF are not counted",
        "–",
        "A picture of 60,000 by 60,000 pixels reaches the approver inside a PDF.",
        f"{IN_PDFS}::test_what_no_viewer_can_show_is_refused",
        [body(pdf_streams._require_pixels, "return")],
        only="pixels",
    ),
    Mutant(
        "the decoder is not confined",
        "–",
        "A fault in a decoder reads the keys and opens a connection.",
        f"{CONFINED}::test_the_decoder_can_do_nothing_but_compute",
        [body(confinement._filter_calls, "return True")],
    ),
    Mutant(
        "the decoder gets the environment",
        "–",
        "A fault in a decoder knows the password of the database.",
        f"{CONFINED}::test_the_process_gets_no_environment",
        [replace(process.inspect, '{"PYTHONPATH": $ROOT, "LC_ALL": $LOCALE}', "dict(os.environ)")],
    ),
    Mutant(
        "the report is believed",
        "–",
        "A decoder that was taken over says that its output is a picture.",
        f"{CONFINED}::test_a_copy_of_another_type_than_reported_is_not_believed",
        [never(process.inspect, "result.media_type is not None and $COPY != result.media_type")],
    ),
    Mutant(
        "a receipt that kills its decoder is checked for ever",
        "–",
        "Its claim waits for ever, and the worker does nothing else.",
        f"{CHECKS}::test_a_decoder_that_dies_is_tried_again_and_then_the_receipt_is_refused",
        [replace(checks.ReceiptChecks._result, "due.tries >= MAX_TRIES", "False")],
        only="sqlite",
    ),
    Mutant(
        "receipts are checked in the order of their arrival",
        "–",
        "A rep with a thousand receipts that take a minute each delays the claims of all others by a day.",
        f"{CHECKS}::test_the_reps_take_turns_and_a_second_try_comes_last",
        [replace(checks.ReceiptChecks._begin, "max(self._turns.values(), default=0) + 1", "0")],
        only="sqlite",
    ),
    Mutant(
        "a repeated upload takes another row",
        "–",
        "A phone fills the table of uploads with one receipt, 1,200 times a minute.",
        "tests/unit/api/endpoints/test_quota.py"
        "::test_a_receipt_that_is_stored_leaves_one_row_however_often_it_is_uploaded",
        [body(uploads._finished, "return None")],
        only="sqlite",
    ),
    Mutant(
        "everybody sees the original",
        "–",
        "Each office account downloads the originals.",
        f"{OFFICE}::test_only_finance_gets_the_original_and_each_download_is_audited",
        [
            replace(
                office_receipts.original.view,
                "office_auth.require_permission(Permission.ORIGINALS, $WHAT, $NAME)",
                "office_auth.require_permission(Permission.VIEW, $WHAT, $NAME)",
            ),
            replace(
                office_receipts.original.view,
                "_require_visible($SESSION, $USER, Permission.ORIGINALS, $DIGEST)",
                "_require_visible($SESSION, $USER, Permission.VIEW, $DIGEST)",
            ),
        ],
    ),
    Mutant(
        "a download of an original is not audited",
        "–",
        "Nobody knows who has seen where a rep was.",
        f"{OFFICE}::test_only_finance_gets_the_original_and_each_download_is_audited",
        [drop(office_receipts.original.view, "audit.record($$$ALL)")],
    ),
    Mutant(
        "a manifest names a file elsewhere",
        "–",
        "`receipts` in a manifest moves a key out of its folder.",
        f"{SHARE}::test_a_hostile_name_under_receipts_moves_nothing",
        [
            body(external_name.plain_name, "return name"),
            replace(exchange._read_document, "name.startswith($STEM)", "name"),
        ],
    ),
    Mutant(
        "a link in the share is followed",
        "–",
        "Whoever can write to the share reads any file of the server.",
        f"{FILES}::test_only_a_regular_file_is_opened",
        [
            replace(
                backend.files.open_file,
                "os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK",
                "os.O_RDONLY | os.O_NONBLOCK",
            )
        ],
    ),
    Mutant(
        "a planted link is written through",
        "–",
        "Whoever can write to the share overwrites any file of the server.",
        f"{FILES}::test_a_file_is_never_written_through_what_has_its_name",
        [body(backend.files.create_file, 'return path.open("wb")')],
    ),
]
