// Paths of fields, as faults have them: `lines[0].quantity`.

import { words } from "../contract/contract.js";
import { t } from "../texts/text.js";

/** @typedef {import("../contract/contract.js").Field} Field */

const PART = /^([^[\]]+)(?:\[(\d+)\])?$/;

/**
 * Return the place of a field in words: "Line 1, Quantity".
 *
 * @param {Field[]} fields
 * @param {string | null | undefined} path
 */
export function fieldPlace(fields, path) {
  /** @type {string[]} */
  const texts = [];
  let known = fields;
  for (const part of (path ?? "").split(".")) {
    const [, name = part, index] = PART.exec(part) ?? [];
    const field = known.find((each) => each.name === name);
    if (index === undefined) texts.push(words(field?.label) || name);
    else texts.push(t("form.line", { number: Number(index) + 1 }));
    known = field?.item?.fields ?? field?.fields ?? [];
  }
  return texts.join(", ");
}

/**
 * Return a copy of *body* with *value* at *path*, such as ["lines", 0, "quantity"].
 *
 * @param {any} body
 * @param {(string | number)[]} path
 * @param {any} value
 * @returns {any}
 */
export function withValue(body, path, value) {
  const [first, ...rest] = path;
  if (first === undefined) return value;
  const copy = Array.isArray(body) ? [...body] : { ...body };
  copy[/** @type {any} */ (first)] = withValue(copy[/** @type {any} */ (first)] ?? {}, rest, value);
  return copy;
}

/** @param {(string | number)[]} path Return it as faults write it. */
export function pathText(path) {
  return path.reduce((/** @type {string} */ text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return text ? `${text}.${part}` : part;
  }, "");
}
