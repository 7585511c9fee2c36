"""Codes are read by the app's own decoder: Chromium on Linux has no detector, like an iPhone."""

import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, Playwright, expect

from tests.browser import codes
from tests.browser.appearance import check_all
from tests.browser.phone import Phone
from tests.browser.site import Site
from tests.browser.steps import begin_order
from tests.browser.test_updates import look_for_update, use
from tests.eventually import eventually
from tests.services.chromium import FLAGS, launch

BARCODE = "4000000000013"
"""Of the first product of the sample company."""
ENROLMENT = "https://satchel.example.com/app/#code=ABCDE-FGHJK-MNPQR"
FAKE_CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
DECODER = re.compile(r"zxing")
READ = {
    "EAN-13 upside down": ("EAN13", BARCODE, 180),
    "Code 128 at an angle": ("Code128", "P-0001", 8),
    "QR code": ("QRCode", "P-0001", 30),
    "UPC-A, which is stored with a zero": ("UPCA", "036000291452", 0),
}
FOUND = {"P-0001": "P-0001", BARCODE: BARCODE, "036000291452": "36000291452"}


def scan(page: Page, view: Image.Image, name: str = "code.jpg") -> None:
    page.get_by_role("button", name="Scan a barcode").click()
    page.locator(".scanner input[type=file]").set_input_files(codes.photo(view, name))


@pytest.mark.parametrize("kind", READ)
def test_a_code_in_a_photo_is_read(rep: Page, built_app: None, kind: str) -> None:
    form, text, angle = READ[kind]
    rep.get_by_role("link", name="Search").click()
    scan(rep, codes.view_of(codes.picture(form, text), angle=angle))
    expect(rep.get_by_role("searchbox")).to_have_value(FOUND[text])


def test_a_code_adds_its_product_and_no_other(rep: Page, tools: None) -> None:
    begin_order(rep)
    alert = rep.locator(".product-search").get_by_role("alert")
    # A part of the barcode above: a search finds that product, but the code is another one's.
    scan(rep, codes.view_of(codes.picture("EAN8", "00000017")))
    expect(alert.last).to_have_text("No product has the code 00000017. Check it, or search by name.")
    check_all(rep, "unknown-code")
    scan(rep, codes.view_of(codes.picture("EAN13", BARCODE)))
    expect(rep.get_by_text("Added: ")).to_be_visible()
    expect(rep.locator("[id='lines[0].quantity']")).to_have_value("1")
    expect(rep.locator("[id='lines[1].quantity']")).to_have_count(0)


def test_a_photo_without_a_code_is_explained(rep: Page, tools: None) -> None:
    rep.get_by_role("link", name="Search").click()
    scan(rep, Image.new("RGB", codes.CAMERA, "grey"))
    alert = rep.locator(".scanner").get_by_role("alert")
    expect(alert).to_have_text(re.compile("There is no readable code in this photo."))
    expect(rep.get_by_text("The camera cannot be used here.")).to_be_visible()
    check_all(rep, "scanner")
    rep.locator(".scanner input").set_input_files(
        {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no photo"}
    )
    expect(alert).to_have_text("notes.txt is not a photo that this phone can read.")


def test_the_decoder_is_fetched_once_and_then_works_in_flight_mode(shell: Phone, site: Site) -> None:
    def fetched() -> list[str]:
        return [path for path, status in site.requests if DECODER.search(path) and status == 200]

    page = shell.open()
    shell.wait_until_installed()
    page.get_by_role("button", name="Scan a code").click()
    # The text appears and goes again; it alone does not say that the decoder is there.
    eventually(lambda: len(fetched()) >= 3, "the decoder is fetched")
    expect(page.get_by_text("Preparing the scanner")).to_have_count(0)
    assert len(fetched()) == len(set(fetched())) == 3
    shell.flight_mode()
    page.reload()
    page.get_by_role("button", name="Scan a code").click()
    view = codes.view_of(codes.picture("QRCode", ENROLMENT))
    page.locator(".scanner input[type=file]").set_input_files(codes.photo(view))
    expect(page.get_by_label("Code from the office")).to_have_value("ABCDE-FGHJK-MNPQR")
    # A new build with the same decoder takes it from the old one.
    shell.flight_mode(on=False)
    site.requests.clear()
    new = site.publish("2.0.0")
    look_for_update(page)
    use(page, new)
    shell.flight_mode()
    page.goto("/app/")
    page.get_by_role("button", name="Scan a code").click()
    page.locator(".scanner input[type=file]").set_input_files(codes.photo(view))
    expect(page.get_by_label("Code from the office")).to_have_value("ABCDE-FGHJK-MNPQR")
    assert fetched() == []


def test_a_decoder_that_cannot_be_fetched_is_explained(shell: Phone) -> None:
    page = shell.open()
    shell.wait_until_installed()
    shell.flight_mode()
    page.get_by_role("button", name="Scan a code").click()
    expect(page.get_by_text("The barcode reader is not on this phone yet.")).to_be_visible()
    shell.flight_mode(on=False)
    page.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Scan a code").click()
    expect(page.get_by_text("Preparing the scanner")).to_have_count(0)
    expect(page.get_by_text("The barcode reader is not on this phone yet.")).to_have_count(0)


def test_the_camera_reads_a_code(playwright: Playwright, site: Site, tmp_path: Path) -> None:
    view = codes.view_of(codes.picture("QRCode", ENROLMENT), angle=10)
    film = codes.film(view, tmp_path / "camera.mjpeg")
    browser = launch(playwright, (*FLAGS, *FAKE_CAMERA, f"--use-file-for-fake-video-capture={film}"))
    try:
        phone = Phone(browser, site.url, permissions=["camera"])
        page = phone.open()
        page.get_by_role("button", name="Scan a code").click()
        expect(page.get_by_label("Code from the office")).to_have_value("ABCDE-FGHJK-MNPQR")
        expect(page.locator("video")).to_have_count(0)
        phone.close()
    finally:
        browser.close()


def test_the_page_itself_compiles_no_webassembly(shell: Phone) -> None:
    """Only the decoder's worker may."""
    shell.allowed.append("CompileError")
    page = shell.open()
    refused = page.evaluate(
        """async () => {
            const empty = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
            return WebAssembly.compile(empty).then(() => "compiled", error => error.name);
        }"""
    )
    assert refused == "CompileError"
