// Checks of single fields by the contract: required, pattern and bounds. The device checks references and rules, and
// the server checks everything again.

import { contract } from "../contract/contract.js";
import { Decimal } from "../device/decimals.js";
import { pathText } from "./places.js";

/** @typedef {import("../contract/contract.js").Field} Field */
/** @typedef {{ code: string, field: string, message: string, reason: string, parameters: Record<string, any> }} Fault */

const NUMBERS = ["money", "price", "quantity", "percent", "count"];

/**
 * Yield the faults of *fields* in *value*.
 *
 * @param {Field[]} fields
 * @param {Record<string, any>} value
 * @param {(string | number)[]} path
 * @returns {Generator<Fault>}
 */
export function* fieldFaults(fields, value, path = []) {
  for (const field of fields) yield* faultsOf(field, value?.[field.name], [...path, field.name]);
}

/**
 * @param {Field} field
 * @param {any} value
 * @param {(string | number)[]} path
 * @returns {Generator<Fault>}
 */
function* faultsOf(field, value, path) {
  if (value === null || value === undefined || value === "") {
    const mayBeBlank =
      field.nullable || !field.required || (field.type === "text" && field.blank && value === "");
    if (!mayBeBlank) yield fault("required", path);
    return;
  }
  if (field.type === "list") yield* listFaults(field, value, path);
  else if (field.type === "object") yield* fieldFaults(field.fields ?? [], value, path);
  else yield* valueFaults(field, value, path);
}

/**
 * @param {Field} field
 * @param {any[]} value
 * @param {(string | number)[]} path
 * @returns {Generator<Fault>}
 */
function* listFaults(field, value, path) {
  if (value.length < Number(field.least ?? 0))
    yield fault("too_few_items", path, { least: field.least, bound: field.least });
  if (!field.item) return;
  for (const [n, item] of value.entries()) {
    if (field.item.type === "object") yield* fieldFaults(field.item.fields ?? [], item, [...path, n]);
    else yield* valueFaults(field.item, item, [...path, n]);
  }
}

/**
 * @param {Field} field
 * @param {any} value
 * @param {(string | number)[]} path
 * @returns {Generator<Fault>}
 */
function* valueFaults(field, value, path) {
  const { pattern, error } = contract.value?.types[field.type] ?? {};
  const text = String(value);
  if (pattern && !new RegExp(`^(?:${pattern})$`, "u").test(text))
    yield fault(error ?? "invalid_text", path, { value });
  else if (field.type === "text" && field.longest && [...text].length > field.longest) {
    yield fault("too_long", path, { most: field.longest, bound: field.longest, length: [...text].length });
  } else if (NUMBERS.includes(field.type)) yield* boundFaults(field, text, path);
}

/**
 * @param {Field} field
 * @param {string} text
 * @param {(string | number)[]} path
 * @returns {Generator<Fault>}
 */
function* boundFaults(field, text, path) {
  if (!/^-?\d+(\.\d+)?$/.test(text)) {
    yield fault("invalid_count", path, { value: text });
    return;
  }
  const number = Decimal.of(text);
  const { above, least, most } = field;
  if (above !== undefined && number.compare(Decimal.of(above)) <= 0) {
    yield fault("above", path, { bound: above, value: text });
  } else if (least !== undefined && number.compare(Decimal.of(String(least))) < 0) {
    yield fault("at_least", path, { bound: least, value: text });
  } else if (most !== undefined && number.compare(Decimal.of(String(most))) > 0) {
    yield fault("at_most", path, { bound: most, value: text });
  }
}

/**
 * @param {string} reason
 * @param {(string | number)[]} path
 * @param {Record<string, any>} parameters
 * @returns {Fault}
 */
function fault(reason, path, parameters = {}) {
  return { code: reason, reason, field: pathText(path), message: reason, parameters };
}
