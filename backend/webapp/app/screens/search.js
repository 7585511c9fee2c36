// Finds customers, products and everything else that stands alone, by a part of any word.

import { useSignal } from "@preact/signals";
import { contract, words } from "../contract/contract.js";
import { html } from "../html.js";
import { searchedCode } from "../scan/codes.js";
import { ScanButton } from "../scan/scan_button.js";
import { text } from "../scan/texts.js";
import { device, useStored } from "../shell/device.js";
import { Empty, Layout } from "../shell/layout.js";
import { t } from "../texts/text.js";
import { Rows } from "./list.js";

const SHOWN = 12;

export function Search() {
  const query = useSignal("");
  const scanned = useSignal("");
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
          scanned.value = "";
        }} />
      <${ScanButton} label=${t("scan.barcode")} onCode=${(/** @type {string} */ code) => {
        query.value = searchedCode(code);
        scanned.value = code;
      }} />
      ${error ? html`<p role="alert" class="fault">${t("data.unreadable")}</p>` : null}
      ${query.value === "" && html`<${Empty} text=${t("search.hint")} />`}
      ${query.value !== "" && results?.length === 0 && html`<${Empty} text=${scanned.value ? text("unknown", { code: scanned.value }) : t("search.nothing")} />`}
      ${results?.map(
        ({ collection, records }) => html`
          <section key=${collection.name}>
            <h2>${words(collection.label)}</h2>
            <${Rows} collection=${collection} records=${records} isFiltered />
          </section>`,
      )}
    <//>`;
}
