// What follows from a change: another customer has another currency and price list, another quantity another price.
// What the person has typed is never replaced; what was filled in before is.

import { collectionOf } from "../contract/contract.js";
import { device } from "../shell/device.js";
import { withValue } from "./places.js";
import { prefilled, prefilledHeader, withLine } from "./prefill.js";
import { priceOf } from "./price.js";

/** @typedef {import("../contract/contract.js").Kind} Kind */
/** @typedef {Record<string, any>} Values */

/**
 * Return *after* with what follows from the change at *path*; *after* itself if nothing does.
 *
 * @param {Kind} kind
 * @param {Values} before
 * @param {Values} after
 * @param {(string | number)[]} path
 * @returns {Promise<Values>}
 */
export async function follow(kind, before, after, path) {
  const [first = "", index] = path;
  const name = String(first);
  if (name === kind.lines) {
    const line =
      typeof index === "number"
        ? await followLine(kind, { body: before, line: before[name]?.[index] ?? {} }, after, index)
        : null;
    // The first line may tell the currency.
    return prefilledHeader(kind, line ? withValue(after, [name, Number(index)], line) : after);
  }
  const field = kind.fields.find((each) => each.name === name);
  // A rule is [how, from where, which field there]: a field of this name elsewhere is another one.
  const isInput = Object.values(kind.prefill).some((rule) => [rule[1]].flat().includes(name));
  if (!field?.references && !isInput) return after;
  const copied = await copiedAgain(kind, before, after, name);
  const filled = await prefilled(kind, await withValidOptions(kind, copied, name));
  return repriced(kind, before, filled);
}

/**
 * @param {Kind} kind
 * @param {{ body: Values, line: Values }} before
 * @param {Values} body
 * @param {number} index
 * @returns {Promise<Values | null>}
 */
async function followLine(kind, before, body, index) {
  const line = body[String(kind.lines)]?.[index];
  if (!line) return null;
  let next = line;
  if (before.line.product_id && before.line.product_id !== line.product_id) {
    next = { ...next, unit: null, unit_price: null };
  }
  next = await withLine(kind, body, next);
  return withPrice(kind, before, { body, line: next });
}

/**
 * Return the line with the list price, if the price was the list price before or is missing.
 *
 * @param {Kind} kind
 * @param {{ body: Values, line: Values }} before
 * @param {{ body: Values, line: Values }} after
 */
async function withPrice(kind, before, { body, line }) {
  const name = Object.keys(kind.prefill).find((path) => kind.prefill[path]?.[0] === "price");
  const [, field = ""] = name?.split(".") ?? [];
  if (!field) return line;
  const price = await priceOf(body, line);
  const current = line[field] ?? null;
  const isListed = current === null || current === "" || current === (await priceOf(before.body, before.line));
  return isListed && price !== null && price !== current ? { ...line, [field]: price } : line;
}

/**
 * @param {Kind} kind
 * @param {Values} before
 * @param {Values} body
 */
async function repriced(kind, before, body) {
  const list = kind.lines;
  if (!list) return body;
  const lines = await Promise.all(
    (body[list] ?? []).map((/** @type {Values} */ line, /** @type {number} */ n) =>
      withPrice(kind, { body: before, line: before[list]?.[n] ?? {} }, { body, line }),
    ),
  );
  return { ...body, [list]: lines };
}

/**
 * Copy again what was copied from the record that *name* referred to, unless the person has changed it.
 *
 * @param {Kind} kind
 * @param {Values} before
 * @param {Values} after
 * @param {string} name
 */
async function copiedAgain(kind, before, after, name) {
  const collection = kind.fields.find((each) => each.name === name)?.references;
  if (!collection) return after;
  const read = async (/** @type {unknown} */ key) =>
    key ? await device.call.record(collection, String(key)) : null;
  const [old, current] = await Promise.all([read(before[name]), read(after[name])]);
  const copy = { ...after };
  for (const [path, [how, source, field]] of Object.entries(kind.prefill)) {
    if (how !== "copy" || source !== name) continue;
    if ((copy[path] ?? null) === (old?.[field] ?? null)) copy[path] = current?.[field] ?? copy[path] ?? null;
  }
  return copy;
}

/**
 * Empty a field whose value is no option of the new record, such as the address of another customer.
 *
 * @param {Kind} kind
 * @param {Values} body
 * @param {string} name
 */
async function withValidOptions(kind, body, name) {
  const copy = { ...body };
  for (const [path, [source, target]] of Object.entries(kind.options)) {
    if (source !== name || path.includes(".") || !copy[path]) continue;
    const collection = kind.fields.find((each) => each.name === source)?.references ?? "";
    const record =
      collectionOf(collection) && body[name] ? await device.call.record(collection, body[name]) : null;
    const [list = "", inner = ""] = target.split(".");
    const isOption = (record?.[list] ?? []).some((/** @type {Values} */ each) => each[inner] === copy[path]);
    if (!isOption) copy[path] = null;
  }
  return copy;
}
