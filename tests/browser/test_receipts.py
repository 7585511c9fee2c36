"""Receipts: which files are accepted, and that they are shown from the phone's own bytes."""

import io
import random
import re
from pathlib import Path

from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.browser.appearance import check_all
from tests.browser.phone import Phone
from tests.browser.steps import add_receipt, begin_claim
from tests.unit.receipts import pictures

SHOWN = "each => each.complete && each.naturalWidth > 0"
MEGABYTES = 60_000_000
NOISE = (5200, 4200)
"""Enough pixels of noise for more than 60 MB of JPEG."""


def file(name: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


def saved(picture: Image.Image, form: str) -> bytes:
    data = io.BytesIO()
    picture.save(data, form)
    return data.getvalue()


def expect_picture(image: Locator) -> None:
    expect(image).to_be_visible()
    image.page.wait_for_function(SHOWN, arg=image.element_handle())


def colour(image: Locator) -> list[int]:
    """Return the colour in the middle of the picture."""
    value: list[int] = image.evaluate(
        """async image => {
            await image.decode();
            const canvas = document.createElement("canvas");
            canvas.width = canvas.height = 1;
            const context = canvas.getContext("2d");
            const [x, y] = [image.naturalWidth / 2, image.naturalHeight / 2];
            context.drawImage(image, x, y, 1, 1, 0, 0, 1, 1);
            return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
        }"""
    )
    return value


def test_a_receipt_is_shown_before_and_after_it_is_sent(rep: Page, connected: Phone, tools: None) -> None:
    connected.wait_until_installed()
    connected.flight_mode()
    receipts = begin_claim(rep, "Conference")
    add_receipt(receipts, file("fuel.jpg", saved(Image.new("RGB", (1200, 900), (200, 30, 30)), "JPEG")))
    expect_picture(receipts.locator("img"))
    rep.reload()
    expect_picture(receipts.locator("img"))
    rep.get_by_role("button", name="Show receipt 1").click()
    full = rep.get_by_role("dialog").get_by_role("img", name="Receipt 1")
    expect_picture(full)
    red, green, blue = colour(full)
    assert red > 150 > 100 > max(green, blue)
    check_all(rep, "receipt")
    rep.keyboard.press("Escape")
    expect(full).to_have_count(0)
    rep.get_by_role("button", name="Save").click()
    expect(rep).to_have_url(re.compile("/app/outbox$"))
    rep.get_by_role("link", name=re.compile("Expense claim · Conference")).click()
    receipt = rep.locator(".receipt")
    expect_picture(receipt.locator("img"))
    expect(receipt).to_contain_text("not sent yet")
    expect(rep.get_by_text("sha256")).to_have_count(0)
    connected.flight_mode(on=False)
    address = rep.url
    rep.goto("/app/outbox")
    rep.get_by_role("button", name="Sync now").click()
    rep.goto(address)
    expect(receipt.get_by_text("sent", exact=True)).to_be_visible()
    expect_picture(receipt.locator("img"))
    check_all(rep, "document-receipt")


def test_each_file_is_kept_or_refused_with_a_sentence(rep: Page, tmp_path: Path, tools: None) -> None:
    receipts = begin_claim(rep, "Many files")
    problem = receipts.locator("p.fault")
    photo = saved(Image.new("RGB", (1200, 900), "red"), "JPEG")
    noise = random.Random(0).randbytes(MEGABYTES)
    (tmp_path / "notes.txt").write_bytes(noise)
    (tmp_path / "bill.pdf").write_bytes(b"%PDF-1.7\n" + noise)
    refused = {
        "is neither a photo nor a PDF": [
            file("a.jpg", b"no photo"),
            file("b.jpg", b""),
            tmp_path / "notes.txt",
        ],
        "is damaged": [file("c.jpg", photo[:200]), file("d.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 90)],
        "needs a password": [file("e.pdf", b"%PDF-1.7\ntrailer << /Encrypt 5 0 R >>\n%%EOF")],
        "has 60 MB; a PDF may have 21 MB": [tmp_path / "bill.pdf"],
    }
    for sentence, each in ((sentence, each) for sentence, files in refused.items() for each in files):
        name = each.name if isinstance(each, Path) else each["name"]
        add_receipt(receipts, each)
        expect(problem).to_contain_text(f"{name} {sentence}")
        expect(receipts.locator("li")).to_have_count(0)
    check_all(rep, "receipt-refused")
    # A photo of 60 MB is shrunk.
    width, height = NOISE
    large = tmp_path / "large.jpg"
    Image.frombytes("RGB", NOISE, random.Random(1).randbytes(width * height * 3)).save(
        large, "JPEG", quality=100, subsampling=0
    )
    assert large.stat().st_size > MEGABYTES
    add_receipt(receipts, large)
    expect_picture(receipts.locator("li").nth(0).locator("img"))
    expect(problem).to_have_text("")
    # Transparent paper is white, not black.
    add_receipt(receipts, file("seen.png", saved(Image.new("RGBA", (1200, 900), (0, 0, 0, 0)), "PNG")))
    expect_picture(receipts.locator("li").nth(1).locator("img"))
    # What the browser cannot show is kept as it is: Chromium has no HEIC.
    add_receipt(receipts, file("seen.heic", pictures.heic()))
    expect(receipts.get_by_text("This phone cannot show seen.heic.")).to_be_visible()
    add_receipt(receipts, file("ticket.pdf", pictures.pdf()))
    expect(receipts.get_by_role("button", name="Open the PDF")).to_have_count(0)
    expect(receipts.get_by_role("link", name="Open the PDF")).to_be_visible()
    check_all(rep, "receipt-files")
    rep.get_by_role("button", name="Save").click()
    expect(rep).to_have_url(re.compile("/app/outbox$"))
    rep.get_by_role("link", name=re.compile("Expense claim · Many files")).click()
    # The server takes them all.
    expect(rep.locator(".receipt").get_by_text("sent", exact=True)).to_have_count(4)
    expect(rep.locator("section[role=status]")).not_to_contain_text("Receipts that are not sent yet")
