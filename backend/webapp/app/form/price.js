// The price of a line: that of the document's price list for the product, unit and quantity, on the document's date.

import { Decimal } from "../device/decimals.js";
import { device } from "../shell/device.js";

/**
 * Return the list price, or null.
 *
 * @param {Record<string, any>} body
 * @param {Record<string, any>} line
 * @returns {Promise<string | null>}
 */
export async function priceOf(body, line) {
  if (!line.product_id || !body.price_list_id) return null;
  const quantity = decimal(line.quantity) ?? decimal("0");
  const prices = await device.call.children("prices", line.product_id);
  const usable = prices.filter(
    (price) =>
      price.price_list_id === body.price_list_id &&
      price.unit === line.unit &&
      price.currency === body.currency &&
      (!price.valid_from || price.valid_from <= body.order_date) &&
      (!price.valid_to || price.valid_to >= body.order_date),
  );
  // The highest step that the quantity reaches; before a quantity is typed, the lowest.
  usable.sort((a, b) => compare(a.min_quantity, b.min_quantity));
  const reached = usable.filter((price) => quantity && compare(price.min_quantity, quantity.toString()) <= 0);
  return (reached.at(-1) ?? usable[0])?.amount ?? null;
}

/** @param {unknown} text */
function decimal(text) {
  return typeof text === "string" && /^-?\d+(\.\d+)?$/.test(text) ? Decimal.of(text) : null;
}

/**
 * @param {string | null} a
 * @param {string | null} b
 */
function compare(a, b) {
  return (decimal(a ?? "0") ?? Decimal.of("0")).compare(decimal(b ?? "0") ?? Decimal.of("0"));
}
