// Values of fields as people read them.

import { computed } from "@preact/signals";
import { languageTag } from "../texts/text.js";
import { dateText, instantText } from "../texts/time.js";
import { collectionOf, contract, words } from "./contract.js";
import { nameOf } from "./names.js";

/** @typedef {import("./contract.js").Field} Field */

/** The field of a line that has its number. */
export const LINE_NUMBER = "line_no";

/**
 * Return the values of *record* in one text. What is written beside is not repeated: a list numbers its lines, a
 * quantity says its unit, an amount its currency. Receipts are pictures, not text.
 *
 * @param {Field[]} fields
 * @param {Record<string, any>} record
 * @param {Record<string, any>} [around] The record that contains it, for its currency and unit.
 * @returns {string}
 */
export function summaryText(fields, record, around = {}) {
  const all = { ...around, ...record };
  const shown = fields
    .filter((field) => !field.hidden && field.name !== LINE_NUMBER && field.item?.type !== "receipt")
    .map((field) => ({ field, text: partText(field, record[field.name], all) }))
    .filter(({ text }) => text);
  const said = new Set(shown.flatMap(({ field }) => [field.unit, field.currency]));
  return shown
    .filter(({ field }) => !said.has(field.name))
    .map(({ text }) => text)
    .join(" · ");
}

/**
 * Return *value* of *field* as text; an empty text if there is none.
 *
 * @param {Field} field
 * @param {any} value
 * @param {Record<string, any>} record The record that contains it, for its currency and unit.
 * @returns {string}
 */
export function valueText(field, value, record) {
  if (value === null || value === undefined || value === "") return "";
  if (field.references) return nameOf(field.references, String(value));
  if (field.names === "collections") return words(collectionOf(String(value))?.label) || String(value);
  switch (field.type) {
    case "flag":
      return words(contract.value?.words[value ? "yes" : "no"]);
    case "choice":
      return words(field.choices?.find((each) => each.value === value)?.label) || String(value);
    case "date":
      return dateText(String(value));
    case "instant":
      return instantText(String(value));
    case "money":
    case "price":
      return moneyText(value, record[field.currency ?? ""]);
    case "quantity":
      return quantityText(value, record[field.unit ?? ""]);
    case "percent":
      return withUnit(value, "%");
    case "list":
      return listText(field, value, record);
    case "object":
      return summaryText(field.fields ?? [], value, record);
    default:
      return typeof value === "object" ? JSON.stringify(value) : String(value);
  }
}

/**
 * @param {Field} field
 * @param {any} value
 * @param {Record<string, any>} record
 */
function listText(field, value, record) {
  if (!Array.isArray(value)) return String(value);
  const { item } = field;
  if (!item) return value.join(", ");
  const comma = words(contract.value?.words.comma) || ", ";
  return value.map((each) => valueText(item, each, record)).join(comma);
}

/**
 * @param {unknown} amount
 * @param {unknown} currency
 */
export function moneyText(amount, currency) {
  return withUnit(amount, currency);
}

/**
 * @param {unknown} quantity
 * @param {unknown} unit The key of a unit.
 */
export function quantityText(quantity, unit) {
  return withUnit(quantity, unit && nameOf("units", String(unit)));
}

/**
 * Return *value* for a summary, which has no labels: "Yes" alone would say nothing.
 *
 * @param {Field} field
 * @param {any} value
 * @param {Record<string, any>} record
 */
function partText(field, value, record) {
  if (field.type !== "flag") return valueText(field, value, record);
  return value ? words(field.label) : "";
}

/** How numbers are written in the chosen language. A format takes long to make. */
const numbers = computed(() => {
  const format = new Intl.NumberFormat(languageTag());
  const separator = format.formatToParts(1.5).find((part) => part.type === "decimal")?.value ?? ".";
  return { format, separator };
});

/** A space at which no line ends: a number and its unit stay together. */
const NO_BREAK_SPACE = "\u00a0";

/**
 * @param {unknown} number
 * @param {unknown} unit
 */
function withUnit(number, unit) {
  const text = decimalText(String(number));
  return unit ? `${text}${NO_BREAK_SPACE}${unit}` : text;
}

/**
 * Return a decimal of the wire with the separators of the chosen language. No digit is lost, as a float would.
 *
 * @param {string} value
 */
export function decimalText(value) {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(value);
  if (!match) return value;
  const [, sign = "", whole = "0", fraction] = match;
  const { format, separator } = numbers.value;
  return sign + format.format(BigInt(whole)) + (fraction ? separator + fraction : "");
}
