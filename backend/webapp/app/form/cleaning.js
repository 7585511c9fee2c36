// What people type or paste, as the wire writes it. What cannot be read stays as it was typed, and is a fault there.

/** Control and invisible characters, marks that change the direction of text, and halves of characters. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}]/gu;
/** A line break, which is handled apart; joiners, without which emoji and Persian words fall apart. */
const KEPT = new Set(["\n", "\u200c", "\u200d"]);
const LINE_BREAKS = /\r\n?|[\v\f\u0085\u2028\u2029]/g;
const NUMBERS = ["money", "price", "quantity", "percent"];

/** @typedef {import("../contract/contract.js").Field} Field */

/**
 * Return *typed* without what nobody meant to type. While a person still types, use `clean` with *isDone* false.
 *
 * @param {Field} field
 * @param {string} typed
 * @param {{ isDone: boolean }} options
 * @returns {string | number | null}
 */
export function clean(field, typed, { isDone }) {
  const isMultiline = field.type === "text" && field.multiline;
  // A cell that was pasted from a table has tabs between what were words of their own.
  const oneKind = typed.replace(LINE_BREAKS, "\n").replaceAll("\t", " ");
  const lines = isMultiline ? oneKind : oneKind.replace(/\n+/g, " ");
  const text = lines.replace(INVISIBLE, (character) => (KEPT.has(character) ? character : ""));
  if (!isDone) return text;
  const trimmed = text.trim();
  if (trimmed === "") {
    if (!field.nullable && field.default !== undefined) return field.default;
    return field.nullable || field.type !== "text" ? null : "";
  }
  if (NUMBERS.includes(field.type)) {
    const number = decimal(trimmed);
    return /^-?\d+(\.\d+)?$/.test(number) ? number : trimmed;
  }
  if (field.type === "count") return /^\d{1,15}$/.test(trimmed) ? Number(trimmed) : trimmed;
  if (field.type === "currency" || field.type === "country") return trimmed.toUpperCase();
  return trimmed;
}

/**
 * Return a number with a point, whichever separators it was typed with; what is ambiguous stays as it is.
 *
 * @param {string} typed
 */
export function decimal(typed) {
  // Full-width digits, as Chinese keyboards type them, become plain ones.
  const text = typed
    .normalize("NFKC")
    .replace(/[\s'’]/g, "")
    .replace("\u2212", "-");
  const last = Math.max(text.lastIndexOf(","), text.lastIndexOf("."));
  if (last < 0) return withoutZeros(text);
  const separator = text[last] ?? ".";
  const other = separator === "," ? "." : ",";
  const whole = text.slice(0, last).replaceAll(other, "");
  const isGrouped = text.indexOf(separator) !== last;
  if (isGrouped || isThousands(text)) return withoutZeros(text.replaceAll(separator, ""));
  return withoutZeros(`${whole || "0"}.${text.slice(last + 1)}`);
}

/**
 * Say whether "1,234" is a thousand here. A point is always a decimal point: that is how the app writes numbers.
 *
 * @param {string} text
 */
function isThousands(text) {
  if (!/^-?[1-9]\d{0,2},\d{3}$/.test(text)) return false;
  return new Intl.NumberFormat(navigator.language).format(1.5).includes(".");
}

/** @param {string} text Return the number without zeros in front and without an empty fraction. */
function withoutZeros(text) {
  return text.replace(/^(-?)0+(?=\d)/, "$1").replace(/\.$/, "");
}
