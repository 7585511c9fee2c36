// Totals of what is being entered, by the function with which the server computes them. Never a float.

import { contract } from "../contract/contract.js";
import { moneyText } from "../contract/values.js";
import { lineTotal, totalOf } from "../device/capture/totals.js";

const NUMBER = /^\d{1,40}(\.\d{1,40})?$/;

/** @param {string} currency */
function decimalsOf(currency) {
  const currencies = contract.value?.currencies;
  return currencies?.decimals[currency] ?? currencies?.usual_decimals ?? 2;
}

/** @param {Record<string, any>} line Whether it has all numbers that its total needs. */
function isComplete({ quantity, unit_price, amount, discount_percent }) {
  const numbers = unit_price === undefined ? [amount] : [quantity, unit_price, discount_percent ?? "0"];
  return numbers.every((each) => NUMBER.test(String(each)));
}

/**
 * Return the total of a line in words; an empty text if a number is missing.
 *
 * @param {Record<string, any>} line
 * @param {string} currency
 */
export function lineTotalText(line, currency) {
  if (!isComplete(line)) return "";
  return moneyText(lineTotal(line, decimalsOf(currency)).rounded(decimalsOf(currency)), currency);
}

/**
 * Return the total of *body* in words, and whether every line is part of it.
 *
 * @param {Record<string, any>} body
 */
export function bodyTotal(body) {
  const all = /** @type {Record<string, any>[]} */ (body.lines ?? []);
  const lines = all.filter(isComplete);
  const total = totalOf({ ...body, lines }, decimalsOf(body.currency));
  return { text: moneyText(total, body.currency), isWhole: lines.length === all.length };
}
