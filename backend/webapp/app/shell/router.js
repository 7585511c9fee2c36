// Which screen an address shows. Every address below /app/ is a screen, so all of them can be opened directly.

import { computed, signal } from "@preact/signals";

export const BASE = "/app/";

/** The address below /app/, without slashes around it. */
export const place = signal(placeOf(location.pathname));

/** Whether the screen before this one belongs to the app, so that "back" stays in the app. */
export const canGoBack = signal(history.state?.depth > 0);

/** The parts of the address, decoded. */
export const parts = computed(() => (place.value === "" ? [] : place.value.split("/").map(decode)));

/** @param {string} pathname */
function placeOf(pathname) {
  return pathname.startsWith(BASE) ? pathname.slice(BASE.length).replace(/\/+$/, "") : "";
}

/** @param {string} part */
function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/**
 * Return the address of a screen.
 *
 * @param {...string} names The parts, not encoded.
 */
export function address(...names) {
  return BASE + names.map(encodeURIComponent).join("/");
}

/**
 * Show the screen at *target*.
 *
 * @param {string} target As `address` returns it.
 * @param {{ replace?: boolean }} [options] Whether it takes the place of the current one in the history.
 */
export function navigate(target, { replace = false } = {}) {
  const depth = Number(history.state?.depth ?? 0);
  if (replace) history.replaceState({ depth }, "", target);
  else history.pushState({ depth: depth + 1 }, "", target);
  show();
  scrollTo(0, 0);
}

/** Return to the screen before this one, or to *otherwise* if this one was opened directly. */
export function goBack(otherwise = BASE) {
  if (canGoBack.value) history.back();
  else navigate(otherwise, { replace: true });
}

function show() {
  place.value = placeOf(location.pathname);
  canGoBack.value = Number(history.state?.depth ?? 0) > 0;
}

/** Follow the browser's own buttons, and links of the app without loading a page. */
export function startRouter() {
  addEventListener("popstate", show);
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const isOurs = link.origin === location.origin && link.pathname.startsWith(BASE);
    if (!isOurs || link.target || link.hasAttribute("download") || link.dataset.load !== undefined) return;
    event.preventDefault();
    navigate(link.pathname);
  });
}
