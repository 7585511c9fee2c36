/** Totals of documents, as the server computes them: each line is rounded half up to the currency's decimals. */

import { Decimal } from "../decimals.js";

/** Decimals of a unit price after its discount. */
const PRICE_DECIMALS = 4;
const HUNDRED = Decimal.of("100");

/**
 * Return the total of *body* without tax, as a decimal: of quantities and prices, or of amounts.
 *
 * @param {Record<string, any>} body
 * @param {number} decimals of the document's currency
 * @returns {string}
 */
export function totalOf(body, decimals) {
  const lines = /** @type {Record<string, any>[]} */ (body.lines ?? []);
  return lines.reduce((sum, line) => sum.plus(lineTotal(line, decimals)), Decimal.of("0")).toString();
}

/**
 * Return the total of a line.
 *
 * @param {Record<string, any>} line
 * @param {number} decimals
 * @returns {Decimal}
 */
export function lineTotal(line, decimals) {
  if (line.unit_price === undefined) return Decimal.of(line.amount ?? "0");
  return Decimal.of(line.quantity).times(discountedPrice(line)).rounded(decimals);
}

/**
 * Return the price of one unit after its discount.
 *
 * @param {Record<string, any>} line
 * @returns {Decimal}
 */
export function discountedPrice({ unit_price, discount_percent }) {
  const share = HUNDRED.minus(Decimal.of(discount_percent ?? "0"));
  return Decimal.of(unit_price).times(share).dividedBy(HUNDRED, PRICE_DECIMALS);
}
