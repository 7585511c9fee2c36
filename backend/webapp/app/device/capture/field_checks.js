/**
 * Checks of single fields by the contract: required, pattern, choices, bounds, decimals of the currency.
 *
 * A value that is only half typed is a fault here, so that no rule has to calculate with it.
 */

import { Decimal } from "../decimals.js";

/**
 * @typedef {{ name: string, type?: string, required?: boolean, nullable?: boolean, blank?: boolean, longest?: number,
 *   least?: string | number, most?: string | number, above?: string, choices?: { value: string }[], currency?: string,
 *   references?: string, fields?: CheckedField[], item?: CheckedField }} CheckedField
 */
/** @typedef {Record<string, { pattern?: string, error?: string }>} Types */
/** @typedef {{ types: Types, currencies: { usual_decimals: number, decimals: Record<string, number> } }} Known */
/** @typedef {{ code: string, field: string, reason: string, parameters: Record<string, any> }} FieldFault */

const NUMBERS = ["money", "price", "quantity", "percent", "count"];
const NUMBER = /^-?\d{1,40}(\.\d{1,40})?$/;

/**
 * Yield the faults of *fields* in *value*.
 *
 * @param {CheckedField[]} fields
 * @param {Record<string, any>} value
 * @param {Known} known
 * @param {{ path?: string, currency?: string }} [around] currency: that of the object around *value*
 * @returns {Generator<FieldFault>}
 */
export function* fieldFaults(fields, value, known, { path = "", currency = "" } = {}) {
  const own = fields.find((each) => each.type === "currency");
  const code = (own && value?.[own.name]) || currency;
  for (const field of fields) {
    yield* faultsOf(field, value?.[field.name], known, { path: path + field.name, currency: code });
  }
}

/**
 * @param {CheckedField} field
 * @param {any} value
 * @param {Known} known
 * @param {{ path: string, currency: string }} place
 * @returns {Generator<FieldFault>}
 */
function* faultsOf(field, value, known, place) {
  const { path } = place;
  if (value === null || value === undefined || value === "") {
    // The server takes a field that is missing, but not one without a value, unless the contract says so.
    const mayBeMissing = !field.required && value !== null;
    const mayBeBlank = field.nullable || mayBeMissing || (field.blank && value === "");
    if (!mayBeBlank) yield fault("required", path, {}, "field_missing");
  } else if (field.type === "list") yield* listFaults(field, value, known, place);
  else if (field.fields) yield* fieldFaults(field.fields, value, known, { ...place, path: `${path}.` });
  else yield* valueFaults(field, value, known, place);
}

/**
 * @param {CheckedField} field
 * @param {any[]} value
 * @param {Known} known
 * @param {{ path: string, currency: string }} place
 * @returns {Generator<FieldFault>}
 */
function* listFaults({ least = 0, most, item }, value, known, { path, currency }) {
  const length = value.length;
  if (length < Number(least)) yield fault("too_few_items", path, { least, length });
  if (most !== undefined && length > Number(most)) yield fault("too_many_items", path, { most, length });
  for (const [n, each] of item ? value.entries() : []) {
    yield* faultsOf({ required: true, ...item, name: "" }, each, known, { path: `${path}[${n}]`, currency });
  }
}

/**
 * @param {CheckedField} field
 * @param {any} value
 * @param {Known} known
 * @param {{ path: string, currency: string }} place
 * @returns {Generator<FieldFault>}
 */
function* valueFaults(field, value, { types, currencies }, { path, currency }) {
  const type = field.type ?? "";
  const { pattern, error = "invalid_text" } = types[type] ?? {};
  const text = String(value);
  const length = [...text].length;
  if (pattern && !new RegExp(`^(?:${pattern})$`, "u").test(text)) yield fault(error, path, { value: text });
  else if (type === "date" && !isDate(text)) yield fault(error, path, { value: text });
  else if (type === "choice" && field.choices && !field.choices.some((each) => each.value === value)) {
    yield fault("invalid_choice", path, { choices: field.choices.map((each) => each.value), value: text });
  } else if (type === "text" && field.longest && length > field.longest) {
    yield fault("too_long", path, { longest: field.longest, length });
  } else if (type === "text" && field.blank === false && text.trim() === "") yield fault("blank", path, {});
  else if (NUMBERS.includes(type)) yield* boundFaults(field, text, path);
  if (type !== "money" || !NUMBER.test(text)) return;
  const decimals = currencies.decimals[currency] ?? currencies.usual_decimals;
  const used = (text.split(".")[1] ?? "").replace(/0+$/, "").length;
  if (!currency || used <= decimals) return;
  const reason = decimals ? "currency_decimals" : "currency_whole";
  yield fault(reason, path, { decimals, currency, amount: text }, "out_of_range");
}

/**
 * @param {CheckedField} field
 * @param {string} text
 * @param {string} path
 * @returns {Generator<FieldFault>}
 */
function* boundFaults({ type, above, least, most }, text, path) {
  if (!NUMBER.test(text) || (type === "count" && text.includes("."))) {
    yield fault("invalid_count", path, { least: least ?? 0, most: most ?? "", value: text });
    return;
  }
  const number = Decimal.of(text);
  const isBelow = least !== undefined && number.compare(Decimal.of(String(least))) < 0;
  const isAbove = most !== undefined && number.compare(Decimal.of(String(most))) > 0;
  if (type === "count" && (isBelow || isAbove))
    yield fault("invalid_count", path, { least, most, value: text });
  else if (above !== undefined && number.compare(Decimal.of(above)) <= 0) {
    yield fault("above", path, { bound: above, value: text });
  } else if (isBelow) yield fault("at_least", path, { bound: least, value: text });
  else if (isAbove) yield fault("at_most", path, { bound: most, value: text });
}

/** @param {string} text Say whether there is such a day. */
function isDate(text) {
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

/**
 * @param {string} reason
 * @param {string} field
 * @param {Record<string, any>} parameters
 * @param {string} [code]
 * @returns {FieldFault}
 */
function fault(reason, field, parameters, code = "field_invalid") {
  return { code, field, reason, parameters };
}
