// The screen of each address. The first ones come with the app; the others load when they are opened, from the files
// that the service worker keeps.

import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { html } from "../html.js";
import { Enrol } from "../screens/enrol.js";
import { Home } from "../screens/home.js";
import { NotFound } from "../screens/not_found.js";
import { t } from "../texts/text.js";
import { ErrorBoundary, ErrorPage } from "./error_page.js";
import { Layout } from "./layout.js";
import { BASE, parts, place } from "./router.js";
import { isChanging } from "./update.js";

/** @typedef {(properties: any) => any} Screen */

/**
 * By the first part of the address; a screen for one collection alone by the first two.
 *
 * @type {Record<string, () => Promise<Screen>>}
 */
const SCREENS = {
  confirmation: async () => (await import("../screens/order/confirmation.js")).Confirmation,
  document: async () => (await import("../screens/document/page.js")).DocumentPage,
  form: async () => (await import("../screens/form.js")).FormPage,
  list: async () => (await import("../screens/list.js")).List,
  new: async () => (await import("../screens/new_document.js")).NewDocument,
  outbox: async () => (await import("../screens/outbox.js")).Outbox,
  "record/customers": async () => (await import("../screens/customer/page.js")).CustomerPage,
  "record/products": async () => (await import("../screens/product/page.js")).ProductPage,
  record: async () => (await import("../screens/record.js")).RecordPage,
  search: async () => (await import("../screens/search.js")).Search,
  settings: async () => (await import("../screens/settings.js")).Settings,
};

/** @type {Map<string, Screen>} */
const loaded = new Map([
  ["", Home],
  ["connect", Enrol],
]);
const failed = signal(/** @type {unknown} */ (null));

/** @param {string[]} names */
function nameOf([first = "", second = ""]) {
  const both = `${first}/${second}`;
  return Object.hasOwn(SCREENS, both) ? both : first;
}

/** The screen that the address names. */
export function CurrentScreen() {
  const name = nameOf(parts.value);
  const [, setCount] = useState(0);
  useEffect(() => {
    failed.value = null;
    const load = Object.hasOwn(SCREENS, name) ? SCREENS[name] : undefined;
    if (loaded.has(name) || !load) return;
    load().then(
      (screen) => {
        loaded.set(name, screen);
        setCount((count) => count + 1);
      },
      (error) => {
        failed.value = error;
      },
    );
  }, [name]);
  if (isChanging.value) return html`<${NewBuild} />`;
  if (failed.value) return html`<${ErrorPage} error=${failed.value} />`;
  const screen = loaded.get(name);
  if (!screen && !Object.hasOwn(SCREENS, name)) return html`<${NotFound} />`;
  // A new address is a new screen: nothing of the one before is kept.
  return html`
    <${ErrorBoundary} key=${place.value}>
      ${screen ? html`<${screen} names=${parts.value.slice(1)} />` : html`<${Layout} title=${t("loading")} back=${BASE} />`}
    <//>`;
}

/** Until the window loads again: nothing can be begun that this would interrupt. */
function NewBuild() {
  return html`<main class="container" role="status"><p aria-busy="true">${t("update.loading")}</p></main>`;
}
