/**
 * The prices of an order against what its rep may grant, as the server checks them (decision 0039). An order beyond
 * that waits for the office, and the phone says so before.
 */

import { Decimal } from "../decimals.js";
import { addDays } from "./contract_checks.js";
import { isValid, listPrice, plain } from "./pricing.js";
import { discountedPrice } from "./totals.js";

/** @typedef {Record<string, any>} Row */
/** @typedef {import("./field_checks.js").FieldFault} FieldFault */
/**
 * @typedef {{ limit: Row | null, prices: (priceList: string, product: string) => Row[], onlyList: string | null }}
 *   PriceData limit: the rep's record of `price_limits`; onlyList: the price list if there is only one
 */
/** @typedef {{ find: import("./rules.js").Find, today: string, priceData: PriceData }} Known */
/** @typedef {"own_list" | "listed" | "at_least" | "at_most"} Name */

/** How old the order date may be for the prices of that date to hold. */
const OLDEST_ORDER_DATE_DAYS = 90;

/**
 * Yield a fault for each price that the rep may not grant; none if no limit is set for the rep.
 *
 * @param {{ approvals?: import("./contract_checks.js").CheckRule[] }} kind
 * @param {Row} body
 * @param {Known} known
 * @returns {Generator<FieldFault>}
 */
export function* brokenPrices({ approvals = [] }, body, { find, today, priceData }) {
  const { limit, prices, onlyList } = priceData;
  const rules = new Map(
    approvals.filter(({ check }) => check[0] === "price").map((each) => [each.check[1], each]),
  );
  if (!limit || rules.size === 0) return;
  const customer = (body.customer_id && find("customers", body.customer_id)) || {};
  const own = customer.price_list_id ?? onlyList;
  const list = body.price_list_id ?? null;
  const fault = (
    /** @type {Name} */ name,
    /** @type {string} */ reason,
    /** @type {Row} */ parameters = {},
    n = 0,
  ) => {
    const rule = rules.get(name);
    return {
      code: rule?.code ?? name,
      field: (rule?.field ?? "").replace("lines.", `lines[${n}].`),
      reason,
      parameters,
    };
  };
  if (own && list !== own) {
    yield fault("own_list", "list_not_of_customer");
    return;
  }
  const isRecent = body.order_date && body.order_date >= addDays(today, -OLDEST_ORDER_DATE_DAYS);
  const days = isRecent && body.order_date !== today ? [today, body.order_date] : [today];
  for (const [n, line] of (body.lines ?? []).entries()) {
    if (!isComplete(line)) continue;
    const product = find("products", line.product_id) ?? {};
    const rows = list && own ? prices(list, line.product_id) : [];
    const found = days.map((day) =>
      listPrice(rows, product, { unit: line.unit, quantity: line.quantity, day }),
    );
    const granted = found.filter((price) => price !== null).filter((price) => price.currency === body.currency);
    const isListed = rows.some((row) => days.some((day) => isValid(row, day)));
    const discount = maxDiscount(limit, customer.group ?? null, product.group ?? null);
    const broken = lineFault(line, granted, { limit, discount, currency: body.currency, isListed });
    if (broken) yield fault(broken.name, broken.reason, broken.parameters, n);
  }
}

/** @param {Row} line */
function isComplete({ product_id, unit, quantity, unit_price }) {
  return Boolean(product_id && unit && quantity && unit_price);
}

/**
 * @param {Row} line
 * @param {import("./pricing.js").Price[]} prices
 * @param {{ limit: Row, discount: string, currency: string, isListed: boolean }} known
 * @returns {{ name: Name, reason: string, parameters?: Row } | null}
 */
function lineFault(line, prices, { limit, discount, currency, isListed }) {
  const net = discountedPrice(line);
  if (net.units === 0n) {
    const isFree = limit.free_of_charge || prices.some((price) => Decimal.of(price.amount).units === 0n);
    return isFree ? null : { name: "at_least", reason: "may_not_give_away" };
  }
  if (prices.length === 0) {
    if (limit.without_list_price && !isListed) return null;
    return { name: "listed", reason: "no_list_price", parameters: { currency } };
  }
  const faults = prices.map((price) => compared(net, price, discount, Boolean(limit.above_list)));
  return faults.includes(null) ? null : (faults[0] ?? null);
}

/**
 * @param {Decimal} net
 * @param {import("./pricing.js").Price} price
 * @param {string} discount
 * @param {boolean} mayExceed
 * @returns {{ name: Name, reason: string, parameters: Row } | null}
 */
function compared(net, { amount, currency, minAmount }, discount, mayExceed) {
  const list = less(amount, "0");
  const discounted = less(amount, discount);
  const least = minAmount === null ? null : less(minAmount, "0");
  // A minimum above the list price does not forbid the list price.
  const bound = least && (least.compare(list) < 0 ? least : list);
  const lowest = bound && bound.compare(discounted) > 0 ? bound : discounted;
  if (net.compare(lowest) < 0) {
    const why =
      lowest.compare(discounted) > 0
        ? { code: "minimum_price", parameters: { amount: minAmount } }
        : { code: "list_price_and_discount", parameters: { amount, discount } };
    const parameters = { price: plain(net), lowest: plain(lowest), currency, why };
    return { name: "at_least", reason: "below_lowest", parameters };
  }
  if (net.compare(list) > 0 && !mayExceed) {
    return { name: "at_most", reason: "above_list_price", parameters: { amount, currency } };
  }
  return null;
}

/**
 * @param {string} amount
 * @param {string} percent
 */
function less(amount, percent) {
  return discountedPrice({ unit_price: amount, discount_percent: percent });
}

/**
 * Return the greatest discount in percent; of several exceptions, products count before customers.
 *
 * @param {Row} limit
 * @param {string | null} customerGroup
 * @param {string | null} productGroup
 * @returns {string}
 */
export function maxDiscount(limit, customerGroup, productGroup) {
  const fits = (/** @type {string | null} */ wanted, /** @type {string | null} */ group) =>
    wanted === null || wanted === group;
  const fitting = limit.exceptions.filter(
    (/** @type {Row} */ each) =>
      fits(each.customer_group, customerGroup) && fits(each.product_group, productGroup),
  );
  fitting.sort(
    (/** @type {Row} */ a, /** @type {Row} */ b) =>
      Number(b.product_group !== null) - Number(a.product_group !== null) ||
      Number(b.customer_group !== null) - Number(a.customer_group !== null) ||
      Decimal.of(b.max_discount_percent).compare(Decimal.of(a.max_discount_percent)),
  );
  return String((fitting[0] ?? limit).max_discount_percent);
}
