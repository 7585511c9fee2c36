// The values of the grid: by month the quantities of products. A month that was changed has all its products, because
// a forecast states the whole; the others show the valid revision.

import { nextRevision, sameSubject, validRevision } from "../../form/revisions.js";

/** @typedef {Record<string, Record<string, string>>} Cells By month and product. */
/** @typedef {import("../../form/revisions.js").Revision} Revision */
/** @typedef {{ months: Cells, units: Record<string, string> }} Grid `months`: those that were changed */
/** @typedef {{ period: string, body: Record<string, any>, supersedes: string | null }} Statement */

const SUBJECT = ["warehouse_id", "period", "customer_id"];

/**
 * Return the grid of a draft. That of an edited copy has the lines of its month.
 *
 * @param {Record<string, any>} body
 * @returns {Grid}
 */
export function gridOf(body) {
  if (body.grid) return body.grid;
  const lines = /** @type {Record<string, any>[]} */ (body.lines ?? []);
  const units = Object.fromEntries(lines.map((each) => [each.product_id, each.unit]));
  return { units, months: lines.length > 0 ? { [body.period]: quantitiesOf(lines) } : {} };
}

/** @param {Record<string, any>[]} lines */
function quantitiesOf(lines) {
  return Object.fromEntries(lines.map((each) => [String(each.product_id), String(each.quantity)]));
}

/**
 * Return the valid revision for a month.
 *
 * @param {Revision[]} revisions
 * @param {Record<string, any>} body
 * @param {string} period
 */
export function previous(revisions, body, period) {
  return validRevision(sameSubject(revisions, { ...body, period }, SUBJECT));
}

/**
 * Return the quantities of a month as they are now.
 *
 * @param {Grid} grid
 * @param {Revision[]} revisions
 * @param {Record<string, any>} body
 * @param {string} period
 * @returns {Record<string, string>}
 */
export function quantities(grid, revisions, body, period) {
  return grid.months[period] ?? quantitiesOf(previous(revisions, body, period)?.body.lines ?? []);
}

/**
 * Return one document for each month that differs from its valid revision.
 *
 * @param {Grid} grid
 * @param {Revision[]} revisions
 * @param {Record<string, any>} body
 * @param {{ supersedes: string | null, unitOf: (product: string) => string }} known
 * @returns {Statement[]}
 */
export function statements(grid, revisions, body, { supersedes, unitOf }) {
  const changed = Object.keys(grid.months).filter((period) => {
    const before = quantitiesOf(previous(revisions, body, period)?.body.lines ?? []);
    return JSON.stringify(sorted(filled(grid.months[period] ?? {}))) !== JSON.stringify(sorted(before));
  });
  return changed.sort().map((period) => {
    const stated = filled(grid.months[period] ?? {});
    const earlier = /** @type {Record<string, any>[]} */ (previous(revisions, body, period)?.body.lines ?? []);
    const before = quantitiesOf(earlier);
    const unitBefore = (/** @type {string} */ product) =>
      earlier.find((each) => each.product_id === product)?.unit;
    // A forecast has at least one line: nothing is expected any more.
    const all = Object.keys(stated).length > 0 ? stated : zeros(before);
    const lines = Object.entries(all).map(([product, quantity], n) => ({
      line_no: n + 1,
      product_id: product,
      quantity,
      unit: grid.units[product] ?? unitBefore(product) ?? unitOf(product),
    }));
    const { grid: _, lines: __, ...header } = body;
    const same = sameSubject(revisions, { ...body, period }, SUBJECT);
    return {
      period,
      body: { ...header, period, revision: nextRevision(same), lines },
      supersedes: period === body.period ? supersedes : null,
    };
  });
}

/** @param {Record<string, string>} cells */
function filled(cells) {
  return Object.fromEntries(Object.entries(cells).filter(([, quantity]) => quantity !== ""));
}

/** @param {Record<string, string>} cells */
function zeros(cells) {
  return Object.fromEntries(Object.keys(cells).map((product) => [product, "0"]));
}

/** @param {Record<string, string>} cells */
function sorted(cells) {
  return Object.entries(cells).sort(([a], [b]) => (a < b ? -1 : 1));
}
