/**
 * The list price of a product by the rows of a price list, as the server finds it.
 *
 * Of the rows whose minimum quantity is reached, the greatest minimum counts. A price that exists only for another
 * unit is converted by the factors of the product.
 */

import { Decimal } from "../decimals.js";
import { exactFactor } from "./factors.js";

/** @typedef {Record<string, any>} Row */
/** @typedef {{ amount: string, currency: string, minAmount: string | null }} Price */
/** @typedef {{ unit: string, quantity: string, day: string }} Wanted quantity: of that unit; day: as 2026-11-30 */

const PRICE_DECIMALS = 4;

/**
 * Return the price of one unit, or null if *rows* have none.
 *
 * @param {Row[]} rows The prices of the product in one list.
 * @param {Row} product
 * @param {Wanted} wanted
 * @returns {Price | null}
 */
export function listPrice(rows, product, { unit, quantity, day }) {
  const valid = rows.filter((row) => isValid(row, day));
  const wanted = Decimal.of(quantity);
  const exact = best(
    valid.filter((row) => row.unit === unit),
    (least) => least.compare(wanted) <= 0,
  );
  if (exact) return { amount: exact.amount, currency: exact.currency, minAmount: exact.min_amount ?? null };
  const factors = new Map((product.units ?? []).map((/** @type {Row} */ each) => [each.unit, each.factor]));
  if (!factors.has(unit)) return null;
  const own = exactFactor(factors.get(unit));
  for (const [other, factor] of factors) {
    const its = exactFactor(factor);
    // The unit is `top / bottom` of the other one.
    const top = new Decimal(own.top * its.bottom, 0);
    const bottom = new Decimal(own.bottom * its.top, 0);
    const row = best(
      valid.filter((each) => each.unit === other),
      (least) => least.times(bottom).compare(wanted.times(top)) <= 0,
    );
    if (!row) continue;
    const converted = (/** @type {string} */ amount) =>
      plain(Decimal.of(amount).times(top).dividedBy(bottom, PRICE_DECIMALS));
    const least = row.min_amount ?? null;
    return {
      amount: converted(row.amount),
      currency: row.currency,
      minAmount: least === null ? null : converted(least),
    };
  }
  return null;
}

/**
 * Say whether the price *row* holds on *day*.
 *
 * @param {Row} row
 * @param {string} day
 */
export function isValid(row, day) {
  return (row.valid_from ?? day) <= day && day <= (row.valid_to ?? day);
}

/** @param {Decimal} amount Write it with two to four decimals. */
export function plain(amount) {
  const [whole = "0", part = ""] = amount.toString().split(".");
  return `${whole}.${part.replace(/0+$/, "").padEnd(2, "0")}`;
}

/**
 * @param {Row[]} rows
 * @param {(least: Decimal) => boolean} isReached
 * @returns {Row | null}
 */
function best(rows, isReached) {
  const reached = rows.filter((row) => isReached(Decimal.of(row.min_quantity)));
  reached.sort(
    (a, b) =>
      Decimal.of(a.min_quantity).compare(Decimal.of(b.min_quantity)) ||
      compareTexts(a.valid_from ?? "", b.valid_from ?? "") ||
      compareTexts(a.id, b.id),
  );
  return reached.at(-1) ?? null;
}

/**
 * @param {string} a
 * @param {string} b
 */
function compareTexts(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}
