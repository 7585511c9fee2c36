// The records of a collection, with a search: drawn from the contract.

import { useSignal } from "@preact/signals";
import { collectionOf, titleOf, words } from "../contract/contract.js";
import { summaryText, valueText } from "../contract/values.js";
import { html } from "../html.js";
import { device, useStored } from "../shell/device.js";
import { Empty, Layout } from "../shell/layout.js";
import { address, BASE } from "../shell/router.js";
import { t } from "../texts/text.js";
import { EndOfRows, useRowCount } from "./more_rows.js";
import { NotFound } from "./not_found.js";

/** @typedef {import("../contract/contract.js").Collection} Collection */

const SHOWN = 100;

/** @param {{ names: string[] }} properties */
export function List({ names: [name = ""] }) {
  const collection = collectionOf(name);
  if (!collection) return html`<${NotFound} />`;
  return html`
    <${Layout} title=${words(collection.label)} back=${BASE}>
      <${SearchableRows} collection=${collection} />
    <//>`;
}

/** @param {{ collection: Collection }} properties */
export function SearchableRows({ collection }) {
  const query = useSignal("");
  const isFiltered = query.value !== "";
  const { count, showMore } = useRowCount(query.value, SHOWN);
  const search = (/** @type {any} */ event) => {
    // The best results are at the top, also for a rep who has scrolled.
    scrollTo(0, 0);
    query.value = event.target.value;
  };
  // Without a query all of them are needed at once, because they are sorted here.
  const limit = isFiltered ? count : SHOWN;
  const { value: records, error } = useStored(
    () => device.call.search(collection.name, query.value, limit),
    [collection.name, query.value, limit],
  );
  return html`
    <input type="search" value=${query.value} placeholder=${t("search")} aria-label=${t("search")}
      onInput=${search} />
    <${Rows} collection=${collection} records=${records} error=${error} isFiltered=${isFiltered} most=${count} />
    ${records && records.length >= count && count < SHOWN && html`<${EndOfRows} key=${count} onVisible=${showMore} />`}`;
}

/**
 * @param {{ collection: Collection, records: Record<string, any>[] | undefined, error?: unknown, isFiltered?: boolean,
 *   without?: string, most?: number }} properties without: a field that all rows have in common; most: rows to show
 */
export function Rows({ collection, records, error, isFiltered = false, without = "", most = Infinity }) {
  if (error) return html`<p role="alert" class="fault">${t("data.unreadable")}</p>`;
  if (!records) return html`<p aria-busy="true">${t("loading")}</p>`;
  if (records.length === 0) return html`<${Empty} text=${t(isFiltered ? "search.nothing" : "list.nothing")} />`;
  const fields = columnsOf(collection).filter((each) => each.name !== without && each.type !== "currency");
  const shown = sorted(collection, records, isFiltered).slice(0, most);
  return html`
    <ul class="rows" data-from-server>
      ${shown.map(
        (record) => html`
          <li key=${record[collection.key]}>
            <a href=${address("record", collection.name, String(record[collection.key]))}>
              <strong>${rowTitle(collection, record)}</strong>
              <small>${summaryText(fields, record)}</small>
            </a>
          </li>`,
      )}
    </ul>
    ${Math.min(records.length, most) >= SHOWN && html`<p>${t("list.more", { count: SHOWN })}</p>`}`;
}

/** @param {Collection} collection Return the fields of its columns, in their order. */
export function columnsOf({ columns, fields }) {
  return columns.flatMap((name) => fields.find((each) => each.name === name) ?? []);
}

/**
 * Return the name of a record; if the title field refers to another record, that one's name.
 *
 * @param {Collection} collection
 * @param {Record<string, any>} record
 */
export function rowTitle(collection, record) {
  const field = collection.fields.find((each) => each.name === collection.title);
  return (field && valueText(field, record[field.name], record)) || titleOf(collection, record);
}

/**
 * @param {Collection} collection
 * @param {Record<string, any>[]} records
 * @param {boolean} isFiltered Then they are in the order of the search: the best first.
 */
function sorted(collection, records, isFiltered) {
  if (isFiltered) return records;
  return [...records].sort((a, b) => {
    for (const [field, direction] of collection.sort) {
      const order = String(a[field] ?? "").localeCompare(String(b[field] ?? ""));
      if (order !== 0) return direction === "ascending" ? order : -order;
    }
    return 0;
  });
}
