// The page of a record: its fields, what belongs to it, and the documents that can be made for it.

import { collectionOf, contract, words, wordsWithin } from "../contract/contract.js";
import { summaryText, valueText } from "../contract/values.js";
import { html } from "../html.js";
import { isOfReceipts, ReceiptsOf } from "../receipts/preview.js";
import { device, useStored } from "../shell/device.js";
import { Icon } from "../shell/icon.js";
import { Empty, Layout } from "../shell/layout.js";
import { address } from "../shell/router.js";
import { t } from "../texts/text.js";
import { Rows, rowTitle } from "./list.js";
import { NotFound } from "./not_found.js";

/** @typedef {import("../contract/contract.js").Collection} Collection */
/** @typedef {import("../contract/contract.js").Field} Field */

/** @typedef {{ collection: Collection, record: Record<string, any>, recordKey: string }} Shown */

/** @param {{ names: string[] }} properties */
export function RecordPage({ names: [name = "", key = ""] }) {
  return html`<${RecordFrame} name=${name} recordKey=${key} content=${Sections} />`;
}

/** @param {Shown} properties */
function Sections({ collection, record, recordKey }) {
  return html`
    <p>${words(collection.item)}</p>
    <${Actions} collection=${collection} recordKey=${recordKey} />
    <${Contact} record=${record} />
    <${Fields} fields=${collection.fields} record=${record} />
    ${childrenOf(collection.name).map(
      (child) => html`<${Children} key=${child.name} collection=${child} parentKey=${recordKey} />`,
    )}`;
}

/**
 * The surroundings of a record's page: what to say while it is read, and if it is not there.
 *
 * @param {{ name: string, recordKey: string, content: (shown: Shown) => unknown }} properties
 */
export function RecordFrame({ name, recordKey, content }) {
  const collection = collectionOf(name);
  const { value: record, error } = useStored(() => device.call.record(name, recordKey), [name, recordKey]);
  if (!collection) return html`<${NotFound} />`;
  const back = address("list", name);
  if (record) {
    return html`<${Layout} title=${rowTitle(collection, record)} back=${back} isData>
      <${content} collection=${collection} record=${record} recordKey=${recordKey} />
    <//>`;
  }
  return html`
    <${Layout} title=${words(collection.item)} back=${back}>
      ${error ? html`<p role="alert">${t("data.unreadable")}</p>` : null}
      ${record === null && !error && html`<${Empty} text=${t("record.gone")} />`}
    <//>`;
}

/** @param {string} name Return the collections whose records belong to a record of *name*. */
export function childrenOf(name) {
  return contract.value?.collections.filter((each) => each.parent?.collection === name) ?? [];
}

/**
 * Buttons for documents about this record.
 *
 * @param {{ collection: Collection, recordKey: string, first?: string }} properties first: the kind made most often
 */
export function Actions({ collection, recordKey, first = "" }) {
  const actions = (contract.value?.kinds ?? [])
    .filter((kind) => kind.destination === "erp")
    .flatMap((kind) =>
      kind.fields
        .filter((field) => field.references === collection.name)
        .slice(0, 1)
        .map((field) => ({ kind, field })),
    );
  if (actions.length === 0) return null;
  actions.sort((a, b) => Number(b.kind.name === first) - Number(a.kind.name === first));
  return html`
    <section class="buttons">
      ${actions.map(
        ({ kind, field }) => html`
          <a key=${kind.name} role="button" href=${address("new", kind.name, field.name, recordKey)}>
            ${t("new", { what: wordsWithin(kind.label) })}
          </a>`,
      )}
    </section>`;
}

/** @param {{ record: Record<string, any> }} properties Ways to call and to find the way, if the record has any. */
export function Contact({ record }) {
  const phones = (record.phones ?? []).filter((/** @type {any} */ each) => each?.number);
  const places = (record.addresses ?? []).map((/** @type {any} */ each) => addressText(each)).filter(Boolean);
  if (phones.length + places.length === 0) return null;
  return html`
    <ul class="rows" data-from-server>
      ${phones.map(
        (/** @type {any} */ each) => html`
          <li key=${each.number}><a href=${`tel:${each.number.replace(/[^\d+*#]/g, "")}`}>
            <${Icon} name="call" /><span>${each.number}</span>
          </a></li>`,
      )}
      ${places.map(
        (/** @type {string} */ each) => html`
          <li key=${each}><a href=${`geo:0,0?q=${encodeURIComponent(each)}`}>
            <${Icon} name="navigate" /><span>${each}</span>
          </a></li>`,
      )}
    </ul>`;
}

/** @param {Record<string, any>} place */
function addressText(place) {
  return [
    ...[place.lines ?? []].flat(),
    [place.postal_code, place.city].filter(Boolean).join(" "),
    place.country,
  ]
    .filter(Boolean)
    .join(", ");
}

/** @param {{ fields: Field[], record: Record<string, any> }} properties */
export function Fields({ fields, record }) {
  const shown = fields.filter((field) => !field.hidden && !isBlank(record[field.name]));
  return html`
    <dl class="fields">
      ${shown.map((field) =>
        field.type === "list" && field.item?.type === "object"
          ? html`<${Lines} key=${field.name} field=${field} record=${record} />`
          : html`<${FieldValue} key=${field.name} field=${field} record=${record} />`,
      )}
    </dl>`;
}

/** @param {{ field: Field, record: Record<string, any> }} properties */
function FieldValue({ field, record }) {
  if (isOfReceipts(field)) {
    return html`<div><dt>${words(field.label)}</dt><dd><${ReceiptsOf} fields=${[field]} record=${record} /></dd></div>`;
  }
  const text = valueText(field, record[field.name], record);
  const target = field.references && address("record", field.references, String(record[field.name]));
  return html`
    <div>
      <dt>${words(field.label)}</dt>
      <dd data-from-server>${target ? html`<a href=${target}>${text}</a>` : text}</dd>
    </div>`;
}

/** @param {{ field: Field, record: Record<string, any> }} properties */
function Lines({ field, record }) {
  const fields = field.item?.fields ?? [];
  return html`
    <div>
      <dt>${words(field.label)}</dt>
      <dd data-from-server>
        <ol class="lines">
          ${record[field.name].map(
            (/** @type {Record<string, any>} */ line, /** @type {number} */ n) => html`
              <li key=${n}>${summaryText(fields, line, record)}<${ReceiptsOf} fields=${fields} record=${line} /></li>`,
          )}
        </ol>
      </dd>
    </div>`;
}

/** @param {{ collection: Collection, parentKey: string }} properties */
export function Children({ collection, parentKey }) {
  const { value: records, error } = useStored(
    () => device.call.children(collection.name, parentKey),
    [collection.name, parentKey],
  );
  if (!records?.length && !error) return null;
  return html`
    <section>
      <h2>${words(collection.label)}</h2>
      <${Rows} collection=${collection} records=${records} error=${error} without=${collection.parent?.field} />
    </section>`;
}

/** @param {unknown} value */
function isBlank(value) {
  return value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
}
