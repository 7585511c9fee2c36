// What surrounds every screen: its title, the status badge, notices, messages, and the four main places.

import { useEffect } from "preact/hooks";
import { html } from "../html.js";
import { t } from "../texts/text.js";
import { Icon } from "./icon.js";
import { address, BASE, goBack, place } from "./router.js";
import { badge } from "./status.js";
import { closeToast, toasts } from "./toasts.js";
import { update, useNewBuild } from "./update.js";

/** @type {readonly { to: string, icon: import("./icon.js").IconName, text: import("../texts/text.js").TextName }[]} */
const PLACES = [
  { to: BASE, icon: "home", text: "place.home" },
  { to: address("search"), icon: "search", text: "place.search" },
  { to: address("outbox"), icon: "outbox", text: "place.outbox" },
  { to: address("settings"), icon: "settings", text: "place.settings" },
];

/**
 * @param {{ title: string, children?: unknown, back?: string, isData?: boolean }} properties
 *   isData: whether the title is the company's data, in its own language
 *   back: where "back" leads if the app was opened on this screen; without it the screen is a main place.
 */
export function Layout({ title, children, back, isData = false }) {
  useEffect(() => {
    document.title = `${title} · Satchel`;
  }, [title]);
  return html`
    <header class="top">
      ${
        back !== undefined &&
        html`<button type="button" class="plain" aria-label=${t("back")} onClick=${() => goBack(back)}>
          <${Icon} name="back" />
        </button>`
      }
      <h1 data-from-server=${isData ? "" : undefined}>${title}</h1>
      <${StatusBadge} />
    </header>
    <${UpdateNotice} />
    <main class="container">${children}</main>
    <${Toasts} />
    <nav class="places" aria-label=${t("places")}>
      ${PLACES.map(
        (each) => html`
          <a key=${each.to} href=${each.to} aria-current=${isCurrent(each.to) ? "page" : undefined}>
            <${Icon} name=${each.icon} /><span>${t(each.text)}</span>
          </a>`,
      )}
    </nav>`;
}

/** @param {string} target */
function isCurrent(target) {
  const current = BASE + place.value;
  return target === BASE ? current === BASE : current === target || current.startsWith(`${target}/`);
}

/** The state of everything in a few words, and the way to what needs the person. */
export function StatusBadge() {
  const { icon, text, tone } = badge.value;
  return html`
    <a class="badge" href=${address("outbox")} data-tone=${tone}>
      <${Icon} name=${icon} /><span role="status">${text}</span>
    </a>`;
}

function UpdateNotice() {
  if (update.value === "none") return null;
  return html`
    <aside class="notice" role="status">
      <span>${t(update.value === "offer" ? "update.ready" : "update.later")}</span>
      ${update.value === "offer" && html`<button type="button" onClick=${useNewBuild}>${t("update.use")}</button>`}
    </aside>`;
}

function Toasts() {
  return html`
    <div class="toasts" role="status" aria-live="polite">
      ${toasts.value.map(
        (toast) => html`
          <div class="toast" key=${toast.id}>
            <span>${toast.text}</span>
            ${toast.undo && html`<button type="button" onClick=${() => undo(toast)}>${t("undo")}</button>`}
            <button type="button" class="plain" aria-label=${t("close")} onClick=${() => closeToast(toast.id)}>✕</button>
          </div>`,
      )}
    </div>`;
}

/** @param {import("./toasts.js").Toast} toast */
function undo(toast) {
  closeToast(toast.id);
  toast.undo?.();
}

/** @param {{ text: string, children?: unknown }} properties What a screen shows when it has nothing. */
export function Empty({ text, children }) {
  return html`<div class="empty"><p>${text}</p>${children}</div>`;
}
