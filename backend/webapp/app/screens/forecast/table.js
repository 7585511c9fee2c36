// The table of the grid: a row for each product, a column for each month.

import { nameOf } from "../../contract/names.js";
import { reasonText } from "../../contract/reasons.js";
import { decimalText } from "../../contract/values.js";
import { clean } from "../../form/cleaning.js";
import { html } from "../../html.js";
import { previous, quantities } from "./grid.js";
import { addMonths, monthText } from "./months.js";
import { inUnit } from "./ordered.js";
import { text } from "./texts.js";

/** @typedef {import("./grid.js").Grid} Grid */
/** @typedef {{ revisions: import("./grid.js").Revision[], ordered: import("./ordered.js").Ordered }} Known */
/** @typedef {{ key: string, unit: string, product: Record<string, any> }} Row */

const MONTHS_OF_A_YEAR = 12;

/**
 * @param {{ body: Record<string, any>, grid: Grid, months: string[], rows: Row[], known: Known, faults: Map<string, any>,
 *   quantity: import("../../contract/contract.js").Field,
 *   onChange: (month: string, product: string, quantity: string) => void }} properties
 */
export function GridTable({ body, grid, months, rows, known, faults, quantity, onChange }) {
  const { revisions, ordered } = known;
  const shown = months.map((month) => ({
    month,
    cells: quantities(grid, revisions, body, month),
    before: previous(revisions, body, month),
  }));
  if (rows.length === 0) return html`<p>${text("products_none")}</p>`;
  return html`
    <div class="grid-scroll" role="region" aria-label=${text("grid")} tabindex="0">
      <table>
        <thead>
          <tr>
            <th scope="col">${text("product")}</th>
            ${shown.map(
              ({ month, before }) => html`
                <th key=${month} scope="col">${monthText(month)}${
                  before && html`<small class="detail">${text("revision", { number: before.revision })}</small>`
                }</th>`,
            )}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ({ key, unit, product }) => html`
              <tr key=${key}>
                <th scope="row" data-from-server>${product.name}<small class="detail">${unit && nameOf("units", unit)}</small></th>
                ${shown.map(({ month, cells, before }) => {
                  const was = before?.body.lines.find((/** @type {any} */ each) => each.product_id === key);
                  return html`
                    <td key=${month}>
                      <${Cell} id=${`${month} ${key}`} label=${`${product.name}, ${monthText(month)}`}
                        value=${cells[key] ?? ""} field=${quantity} fault=${faults.get(`${month} ${key}`)}
                        onChange=${(/** @type {string} */ value) => onChange(month, key, value)} />
                      <${Hints} before=${was?.quantity ?? ""}
                        lastYear=${inUnit(ordered.ordered.get(key)?.get(addMonths(month, -MONTHS_OF_A_YEAR)), product, unit)}
                        open=${inUnit(ordered.open.get(key)?.get(month), product, unit)} />
                    </td>`;
                })}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}

/**
 * @param {{ id: string, label: string, value: string, field: import("../../contract/contract.js").Field, fault: any,
 *   onChange: (value: string) => void }} properties
 */
function Cell({ id, label, value, field, fault, onChange }) {
  const take = (/** @type {boolean} */ isDone) => (/** @type {any} */ event) => {
    const cleaned = String(clean(field, event.target.value, { isDone }) ?? "");
    if (cleaned !== value) onChange(cleaned);
  };
  return html`
    <input id=${id} value=${value} inputmode="decimal" autocomplete="off" aria-label=${label}
      aria-invalid=${fault ? "true" : undefined} aria-describedby=${`${id}-notes`}
      onInput=${take(false)} onBlur=${take(true)} />
    <div id=${`${id}-notes`} class="fault" data-from-server>${fault && reasonText(fault.reason, fault.parameters ?? {}, fault.message)}</div>`;
}

/** @param {{ lastYear: string, open: string, before: string }} properties */
function Hints({ lastYear, open, before }) {
  return html`
    ${before && html`<small class="detail">${text("previous", { quantity: decimalText(before) })}</small>`}
    ${lastYear && html`<small class="detail">${text("last_year", { quantity: decimalText(lastYear) })}</small>`}
    ${open && html`<small class="detail">${text("open", { quantity: decimalText(open) })}</small>`}`;
}
