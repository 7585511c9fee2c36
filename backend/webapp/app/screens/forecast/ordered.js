// What was ordered in each month, by product and unit: a year ago, and what is open now.

import { exactFactor } from "../../device/capture/factors.js";
import { Decimal } from "../../device/decimals.js";
import { device } from "../../shell/device.js";

/** @typedef {Map<string, Decimal>} ByUnit */
/** @typedef {Map<string, Map<string, ByUnit>>} ByProduct By product and month. */
/** @typedef {{ ordered: ByProduct, open: ByProduct, lines: Map<string, number> }} Ordered
 * `lines`: how many lines of orders have the product. */

const PAGE = 500;
const DECIMALS = 6;
const OPEN = ["confirmed", "processing"];
const NO_ORDER = ["cancelled", "quotation", "draft"];

/**
 * Return what *customer* has ordered; what all customers have if it is null.
 *
 * @param {string | null} customer
 * @param {string} thisMonth What is overdue counts for it.
 * @returns {Promise<Ordered>}
 */
export async function orderedQuantities(customer, thisMonth) {
  /** @type {Ordered} */
  const result = { ordered: new Map(), open: new Map(), lines: new Map() };
  for await (const order of ordersOf(customer)) {
    const { transport } = order.axes;
    if (NO_ORDER.includes(transport)) continue;
    const month = monthOf(order.order_date);
    const due = monthOf(order.requested_date ?? order.order_date);
    for (const line of order.lines) {
      if (!line.product_id || !line.unit) continue;
      result.lines.set(line.product_id, (result.lines.get(line.product_id) ?? 0) + 1);
      const ordered = Decimal.of(line.ordered);
      add(result.ordered, line, month, ordered);
      const rest = ordered.minus(Decimal.of(line.delivered));
      if (OPEN.includes(transport) && rest.units > 0n) {
        const isOverdue = due < thisMonth;
        add(result.open, line, isOverdue ? thisMonth : due, rest);
      }
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

/** @param {string | null} date */
function monthOf(date) {
  return (date ?? "").slice(0, 7);
}

/**
 * @param {ByProduct} quantities
 * @param {Record<string, any>} line
 * @param {string} month
 * @param {Decimal} quantity
 */
function add(quantities, { product_id: product, unit }, month, quantity) {
  const months = quantities.get(product) ?? new Map();
  const units = months.get(month) ?? new Map();
  quantities.set(product, months.set(month, units.set(unit, (units.get(unit) ?? ZERO).plus(quantity))));
}

const ZERO = Decimal.of("0");

/**
 * Return the quantities of one month in *unit*, without zeros at the end; an empty text if there are none.
 *
 * @param {ByUnit | undefined} quantities
 * @param {Record<string, any>} product
 * @param {string} unit
 */
export function inUnit(quantities, product, unit) {
  let sum = ZERO;
  for (const [own, quantity] of quantities ?? []) {
    sum = sum.plus(own === unit ? quantity : (converted(quantity, own, unit, product) ?? ZERO));
  }
  if (sum.units === 0n) return "";
  const written = sum.toString();
  return written.includes(".") ? written.replace(/\.?0+$/, "") : written;
}

/**
 * @param {Decimal} quantity
 * @param {string} from
 * @param {string} to
 * @param {Record<string, any>} product
 * @returns {Decimal | null} null if the product does not know one of the units
 */
function converted(quantity, from, to, product) {
  const factor = (/** @type {string} */ unit) =>
    product.units?.find((/** @type {any} */ each) => each.unit === unit)?.factor;
  const [own, its] = [factor(from), factor(to)];
  if (!own || !its) return null;
  const [a, b] = [exactFactor(own), exactFactor(its)];
  return quantity.times(new Decimal(a.top * b.bottom, 0)).dividedBy(new Decimal(a.bottom * b.top, 0), DECIMALS);
}
