// The price of a line: that of the document's price list for the product, unit and quantity, on the document's date.

import { listPrice } from "../device/capture/pricing.js";
import { device } from "../shell/device.js";

const NUMBER = /^\d{1,40}(\.\d{1,40})?$/;

/**
 * Return the list price, or null.
 *
 * @param {Record<string, any>} body
 * @param {Record<string, any>} line
 * @returns {Promise<string | null>}
 */
export async function priceOf(body, line) {
  const { product_id: key, unit } = line;
  if (!key || !unit || !body.price_list_id || !body.order_date) return null;
  const [prices, product] = await Promise.all([
    device.call.children("prices", key),
    device.call.record("products", key),
  ]);
  const rows = prices.filter((price) => price.price_list_id === body.price_list_id);
  // Before a quantity is typed, the price of one.
  const quantity = NUMBER.test(String(line.quantity ?? "")) ? String(line.quantity) : "1";
  const price = listPrice(rows, product ?? {}, { unit, quantity, day: body.order_date });
  return price && price.currency === body.currency ? price.amount : null;
}
