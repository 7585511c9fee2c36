// What was ordered in each month, by product, in the unit of its forecast: a year ago, and what is open now.

import { exactFactor } from "../../device/capture/factors.js";
import { Decimal } from "../../device/decimals.js";
import { device } from "../../shell/device.js";

/** @typedef {Map<string, Map<string, Decimal>>} ByProduct By product and month. */
/** @typedef {{ ordered: ByProduct, open: ByProduct, units: Map<string, string> }} Ordered units: by product */

const PAGE = 500;
const DECIMALS = 6;
const OPEN = ["confirmed", "processing"];

/**
 * Return what *customer* has ordered; of all customers if it is null.
 *
 * @param {string | null} customer
 * @param {string} thisMonth What is overdue counts for it.
 * @returns {Promise<Ordered>}
 */
export async function orderedQuantities(customer, thisMonth) {
  /** @type {Ordered} */
  const result = { ordered: new Map(), open: new Map(), units: new Map() };
  /** @type {Map<string, Record<string, any> | null>} */
  const products = new Map();
  for await (const order of ordersOf(customer)) {
    if (order.axes.transport === "cancelled" || order.axes.transport === "quotation") continue;
    for (const line of order.lines) {
      const key = line.product_id;
      if (!key || !line.unit) continue;
      if (!products.has(key)) products.set(key, await device.call.record("products", key));
      const product = products.get(key);
      if (!product) continue;
      const unit = product.units[0]?.unit ?? product.base_unit;
      result.units.set(key, unit);
      add(
        result.ordered,
        key,
        String(order.order_date ?? "").slice(0, 7),
        converted(line.ordered, line.unit, unit, product),
      );
      if (!OPEN.includes(order.axes.transport)) continue;
      const rest = Decimal.of(line.ordered).minus(Decimal.of(line.delivered));
      if (rest.units <= 0n) continue;
      const due = String(order.requested_date ?? order.order_date ?? "").slice(0, 7);
      add(
        result.open,
        key,
        due < thisMonth ? thisMonth : due,
        converted(rest.toString(), line.unit, unit, product),
      );
    }
  }
  return result;
}

/** @param {string | null} customer */
async function* ordersOf(customer) {
  if (customer) {
    yield* await device.call.children("orders", customer);
    return;
  }
  let after = "";
  for (;;) {
    const page = await device.call.records("orders", { limit: PAGE, after });
    yield* page;
    if (page.length < PAGE) return;
    after = String(page.at(-1)?.id);
  }
}

/**
 * @param {ByProduct} quantities
 * @param {string} product
 * @param {string} month
 * @param {Decimal | null} quantity
 */
function add(quantities, product, month, quantity) {
  if (quantity === null || !month) return;
  const months = quantities.get(product) ?? new Map();
  quantities.set(product, months);
  months.set(month, (months.get(month) ?? Decimal.of("0")).plus(quantity));
}

/**
 * Return *quantity* in the unit *to*; null if the product does not know one of the units.
 *
 * @param {string} quantity
 * @param {string} from
 * @param {string} to
 * @param {Record<string, any>} product
 */
function converted(quantity, from, to, product) {
  const number = Decimal.of(quantity);
  if (from === to) return number;
  const factor = (/** @type {string} */ unit) =>
    product.units.find((/** @type {any} */ each) => each.unit === unit)?.factor;
  const [own, its] = [factor(from), factor(to)];
  if (!own || !its) return null;
  const [a, b] = [exactFactor(own), exactFactor(its)];
  const top = number.times(new Decimal(a.top * b.bottom, 0));
  return top.dividedBy(new Decimal(a.bottom * b.top, 0), DECIMALS);
}

/**
 * Write a quantity without zeros at its end; an empty text if there is none.
 *
 * @param {Decimal | undefined} quantity
 */
export function shortText(quantity) {
  if (!quantity || quantity.units === 0n) return "";
  const written = quantity.toString();
  return written.includes(".") ? written.replace(/\.?0+$/, "") : written;
}
