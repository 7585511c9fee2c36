"""An order without a finger or a mouse: every step is reached by Tab, and the focus is visible."""

from playwright.sync_api import Page, expect

MOST_STEPS = 120
FOCUSED = """() => {
    const { activeElement: element } = document;
    const { outlineStyle, boxShadow } = getComputedStyle(element);
    const label = element.labels?.[0]?.innerText ?? "";
    const text = element.getAttribute("aria-label") ?? (label || element.innerText || "");
    return { text, id: element.id, isVisible: outlineStyle !== "none" || boxShadow !== "none" };
}"""


def tab_to(page: Page, text: str) -> None:
    """Press Tab until what has *text* has the focus."""
    for _ in range(MOST_STEPS):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if text in (focused["id"], focused["text"].strip().split("\n")[0]):
            assert focused["isVisible"], f"the focus on {text} cannot be seen"
            return
    raise AssertionError(f"Tab does not reach {text}")


def test_an_order_by_keyboard_alone(rep: Page) -> None:
    tab_to(rep, "Customers")
    rep.keyboard.press("Enter")
    first = rep.locator("ul.rows a").first
    expect(first).to_be_visible()
    tab_to(rep, first.locator("strong").inner_text())
    rep.keyboard.press("Enter")
    expect(rep.get_by_role("heading", name="Credit")).to_be_visible()
    tab_to(rep, "New order")
    rep.keyboard.press("Enter")
    expect(rep.get_by_text("Ordered before by this customer")).to_be_visible()
    tab_to(rep, "Add products")
    rep.keyboard.type("P-0001")
    expect(rep.locator(".product-search button.row").first).to_contain_text("P-0001")
    # As a keyboard scanner ends what it reads.
    rep.keyboard.press("Enter")
    quantity = rep.locator("[id='lines[0].quantity']")
    expect(quantity).to_have_value("1")
    rep.evaluate("document.querySelector('h1').scrollIntoView()")
    rep.locator("h1").evaluate("each => { each.tabIndex = -1; each.focus(); }")
    tab_to(rep, "One more")
    rep.keyboard.press("Enter")
    expect(quantity).to_have_value("2")
    tab_to(rep, "Requested date Optional")
    tab_to(rep, "Save")
    rep.keyboard.press("Enter")
    expect(rep.get_by_text("captured, not yet confirmed")).to_be_visible()
