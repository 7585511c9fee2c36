// The rows of the grid: products with a quantity, and those that were ordered, the most frequent ones first.

import { device } from "../../shell/device.js";
import { addMonths } from "./months.js";

/** @typedef {import("./table.js").Row} Row */

const MONTHS_OF_A_YEAR = 12;
/** More would be slow on a phone; a product that is missing can be added. */
const MOST_ORDERED = 40;

/**
 * Return the keys of the products that have anything to show in *months*.
 *
 * @param {string[]} months
 * @param {Record<string, string>[]} cells The quantities of each month.
 * @param {import("./ordered.js").Ordered} ordered
 * @param {import("./grid.js").Grid} grid
 */
export function rowKeys(months, cells, { ordered, open, lines }, grid) {
  const isOrdered = (/** @type {string} */ key) =>
    months.some(
      (month) => ordered.get(key)?.has(addMonths(month, -MONTHS_OF_A_YEAR)) || open.get(key)?.has(month),
    );
  const frequent = [...lines].sort(([, a], [, b]) => b - a).map(([key]) => key);
  const suggested = frequent.filter(isOrdered).slice(0, MOST_ORDERED);
  return [...new Set([...cells.flatMap(Object.keys), ...Object.keys(grid.units), ...suggested])].sort();
}

/**
 * Return the rows with their products, by name. A product that this phone does not have any more keeps its key.
 *
 * @param {string[]} keys
 * @param {import("./grid.js").Grid} grid
 * @returns {Promise<Row[]>}
 */
export async function readRows(keys, grid) {
  const rows = await Promise.all(
    keys.map(async (key) => {
      const product = (await device.call.record("products", key)) ?? { name: key };
      return { key, product, unit: grid.units[key] ?? product.units?.[0]?.unit ?? product.base_unit ?? "" };
    }),
  );
  return rows.sort((a, b) => a.product.name.localeCompare(b.product.name));
}
