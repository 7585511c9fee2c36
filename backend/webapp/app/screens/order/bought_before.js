// What a customer has ordered before: by product, the last time and how often.

import { device } from "../../shell/device.js";

/** @typedef {{ date: string, quantity: string, unit: string, price: string, currency: string, times: number }} Bought */

/**
 * Return what the customer has ordered, by product.
 *
 * @param {string | null} customer
 * @returns {Promise<Map<string, Bought>>}
 */
export async function boughtBefore(customer) {
  /** @type {Map<string, Bought>} */
  const bought = new Map();
  const orders = customer ? await device.call.children("orders", customer) : [];
  orders.sort((a, b) => String(a.order_date ?? "").localeCompare(String(b.order_date ?? "")));
  for (const order of orders.filter((each) => each.axes.transport !== "cancelled")) {
    for (const line of order.lines) {
      if (!line.product_id) continue;
      bought.set(line.product_id, {
        date: order.order_date ?? "",
        quantity: line.ordered,
        unit: line.unit,
        price: line.unit_price,
        currency: order.currency,
        times: (bought.get(line.product_id)?.times ?? 0) + 1,
      });
    }
  }
  return bought;
}

/**
 * Return the keys of the products that were ordered most often.
 *
 * @param {Map<string, Bought>} bought
 * @param {number} count
 */
export function favourites(bought, count) {
  const all = [...bought].sort(([, a], [, b]) => b.times - a.times || b.date.localeCompare(a.date));
  return all.slice(0, count).map(([key]) => key);
}
