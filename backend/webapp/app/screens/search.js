// Finds customers, products and everything else that stands alone, by a part of any word.

import { useSignal } from "@preact/signals";
import { contract, words } from "../contract/contract.js";
import { html } from "../html.js";
import { device, useStored } from "../shell/device.js";
import { Empty, Layout } from "../shell/layout.js";
import { ScanButton } from "../shell/scan_button.js";
import { t } from "../texts/text.js";
import { Rows } from "./list.js";

const SHOWN = 12;

export function Search() {
  const query = useSignal("");
  const collections =
    contract.value?.collections.filter((each) => each.parent === null && each.search.length > 0) ?? [];
  const { value: results, error } = useStored(async () => {
    if (query.value.trim() === "") return [];
    const names = collections.map((each) => each.name);
    const found = await device.call.searchAll(names, query.value, SHOWN);
    return collections.flatMap((collection, n) => {
      const records = found[n] ?? [];
      return records.length > 0 ? [{ collection, records }] : [];
    });
  }, [query.value, contract.value?.version]);
  return html`
    <${Layout} title=${t("place.search")}>
      <input type="search" value=${query.value} placeholder=${t("search")} aria-label=${t("search")}
        onInput=${(/** @type {any} */ event) => {
          query.value = event.target.value;
        }} />
      <${ScanButton} onCode=${(/** @type {string} */ code) => {
        query.value = code;
      }} />
      ${error ? html`<p role="alert" class="fault">${t("data.unreadable")}</p>` : null}
      ${query.value === "" && html`<${Empty} text=${t("search.hint")} />`}
      ${query.value !== "" && results?.length === 0 && html`<${Empty} text=${t("search.nothing")} />`}
      ${results?.map(
        ({ collection, records }) => html`
          <section key=${collection.name}>
            <h2>${words(collection.label)}</h2>
            <${Rows} collection=${collection} records=${records} isFiltered />
          </section>`,
      )}
    <//>`;
}
