// Chooses a record of a collection by searching for it.

import { useSignal } from "@preact/signals";
import { collectionOf, words } from "../contract/contract.js";
import { nameOf } from "../contract/names.js";
import { summaryText } from "../contract/values.js";
import { html } from "../html.js";
import { columnsOf, rowTitle } from "../screens/list.js";
import { device, useStored } from "../shell/device.js";
import { t } from "../texts/text.js";

const SHOWN = 20;

/**
 * @param {{ common: Record<string, any>, collectionName: string, value: string | null,
 *   onChoose: (key: string | null) => void }} properties
 */
export function RecordPicker({ common, collectionName, value, onChoose }) {
  const isOpen = useSignal(false);
  const query = useSignal("");
  const collection = collectionOf(collectionName);
  const { value: records } = useStored(
    async () => (isOpen.value ? device.call.search(collectionName, query.value, SHOWN) : []),
    [collectionName, query.value, isOpen.value],
  );
  const choose = (/** @type {string | null} */ key) => {
    isOpen.value = false;
    query.value = "";
    onChoose(key);
  };
  if (!isOpen.value) {
    return html`
      <button ...${common} type="button" class="picker secondary outline" data-from-server
        onClick=${() => {
          isOpen.value = true;
        }}>${value ? nameOf(collectionName, value) : t("form.choose")}</button>`;
  }
  return html`
    <fieldset class="picker-open" aria-label=${words(collection?.label)}>
      <input ...${common} type="search" value=${query.value} placeholder=${t("search")} autofocus autocomplete="off"
        ref=${(/** @type {HTMLInputElement | null} */ input) => input?.focus()}
        onInput=${(/** @type {any} */ event) => {
          query.value = event.target.value;
        }} />
      <ul class="rows" data-from-server>
        ${records?.map(
          (record) => html`
            <li key=${record.id}>
              <button type="button" class="row" onClick=${() => choose(String(record[collection?.key ?? "id"]))}>
                <strong>${collection && rowTitle(collection, record)}</strong>
                <small>${collection && summaryText(columnsOf(collection), record)}</small>
              </button>
            </li>`,
        )}
      </ul>
      ${records?.length === 0 && html`<p>${t("search.nothing")}</p>`}
      ${value && html`<button type="button" class="secondary" onClick=${() => choose(null)}>${t("form.clear")}</button>`}
    </fieldset>`;
}
