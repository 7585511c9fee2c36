"""How a screen looks: axe finds nothing serious, nothing is wider than the screen, and all of it is translated.

Pictures go to the folder that SATCHEL_SCREENSHOTS names, for people to look at.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page

from backend.webapp.builder.paths import MODULES

AXE = MODULES / "axe-core" / "axe.min.js"
SIZES = ({"width": 390, "height": 844}, {"width": 320, "height": 640})
VARIABLE = "SATCHEL_SCREENSHOTS"
SERIOUS = ("serious", "critical")
LEAST_TARGET = 24
"""Pixels: the least side of what is tapped, WCAG 2.2, 2.5.8. Buttons of the app are 48 high."""

TEXTS = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const texts = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (parent && !parent.closest("script, style, noscript, code, [lang]:not(html), [data-from-server]")) {
      texts.push(node.textContent);
    }
  }
  return texts;
}"""
BROKEN_WORDS = """longest => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const word = new RegExp(`(?<!\\\\p{L})\\\\p{Script=Latin}{2,${longest}}(?!\\\\p{L})`, "gu");
  const range = document.createRange();
  const broken = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!parent?.checkVisibility() || parent.closest("script, style, code, option")) continue;
    for (const { 0: found, index } of node.textContent.matchAll(word)) {
      range.setStart(node, index);
      range.setEnd(node, index + found.length);
      if (new Set([...range.getClientRects()].map(each => Math.round(each.top))).size > 1) broken.push(found);
    }
  }
  return broken;
}"""
LONGEST_WORD = 14
"""Letters of a word that fits beside another thing on the narrowest phone."""
PROPER_NAMES = {"Satchel", "ERP", "English", "KB", "MB", "GB", "kB", "PDF", "JSON", "Wi", "Fi"}


def variants(page: Page) -> Iterator[str]:
    """Yield a name for each combination of size, language and theme, after the screen has changed to it."""
    for size in SIZES:
        page.set_viewport_size(size)
        for language in ("en", "zh"):
            for theme in ("light", "dark"):
                page.evaluate(SWITCH, [language, theme])
                yield f"{size['width']}-{language}-{theme}"


SWITCH = """async ([language, theme]) => {
  const base = document.querySelector("script[type=module]").src.replace("main.js", "");
  (await import(base + "texts/text.js")).chooseLanguage(language);
  (await import(base + "shell/theme.js")).chooseTheme(theme);
  const frame = () => new Promise(requestAnimationFrame);
  await frame();
  await frame();
  // Those inside a closed <details> never end.
  const shown = document.getAnimations().filter((each) => each.effect?.target?.checkVisibility());
  await Promise.all(shown.map((each) => each.finished.catch(() => undefined)));
}"""


def check_all(page: Page, name: str) -> None:
    """Check the screen in both languages, sizes and themes; keep a picture of each. It ends in English."""
    for variant in variants(page):
        check(page, f"{name}-{variant}", chinese="-zh-" in variant)
    page.evaluate(SWITCH, ["en", "light"])


def check(page: Page, name: str, *, chinese: bool) -> None:
    """Check the screen as it is."""
    folder = os.environ.get(VARIABLE)
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png")
    too_wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert too_wide <= 0, f"{name} is {too_wide} pixels wider than the screen"
    broken = page.evaluate(BROKEN_WORDS, LONGEST_WORD)
    assert not broken, f"{name} breaks words, so their column is too narrow: {broken}"
    faults = violations(page)
    assert not faults, f"{name}: {faults}"
    if chinese:
        latin = set(re.findall(r"[A-Za-z]{2,}", " ".join(page.evaluate(TEXTS)))) - PROPER_NAMES
        assert not latin, f"{name} has English words: {latin}"


def violations(page: Page) -> list[str]:
    """Return what axe finds that is serious, and where."""
    if not page.evaluate("'axe' in window"):
        # Not a script element: the Content-Security-Policy forbids it.
        page.evaluate(AXE.read_text("utf-8"))
    report = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['id']}: {node['html']}"
        for each in report["violations"]
        if each["impact"] in SERIOUS
        for node in each["nodes"]
    ]
