/**
 * The checks of a kind that the contract gives as a word with arguments (docs/contract.md), as the server runs them.
 *
 * A value that is missing or half typed breaks no check; the checks of single fields report it.
 */

import { Decimal } from "../decimals.js";

/** @typedef {import("./rules.js").Find} Find */
/** @typedef {{ name: string, code: string, field: string, check: any[], reasons: string[] }} CheckRule */
/**
 * @typedef {{ fields?: import("./field_checks.js").CheckedField[], options?: Record<string, [string, string]>,
 *   checks?: CheckRule[] }} CheckedKind
 */
/** @typedef {import("./field_checks.js").FieldFault} FieldFault */
/** @typedef {{ reason: string, parameters: Record<string, any> } | null} Broken */
/**
 * @typedef {{ kind: CheckedKind, rule: CheckRule, body: Record<string, any>, line: Record<string, any>, name: string,
 *   find: Find, today: string, before: Record<string, any>[] }} Place
 * `line`: the object that has the field *name*; `before`: the lines before it
 */

const DAY_MS = 86_400_000;

/**
 * Yield a fault for each check that *body* breaks.
 *
 * @param {CheckedKind} kind
 * @param {Record<string, any>} body
 * @param {{ find: Find, today: string }} known
 * @returns {Generator<FieldFault>}
 */
export function* brokenChecks(kind, body, known) {
  for (const rule of kind.checks ?? []) {
    const [list = "", name] = rule.field.split(".");
    const lines = name ? /** @type {Record<string, any>[]} */ (body[list] ?? []) : [body];
    for (const [n, line] of lines.entries()) {
      const place = { kind, rule, body, line, name: name ?? list, ...known, before: lines.slice(0, n) };
      // A word of a newer server: it checks again.
      const broken = WORDS[String(rule.check[0])]?.(place, ...rule.check.slice(1)) ?? null;
      const field = name ? `${list}[${n}].${name}` : list;
      if (broken) yield { code: rule.code, field, ...broken };
    }
  }
}

/** @type {Record<string, (place: Place, ...parts: any[]) => Broken>} */
const WORDS = {
  days({ rule, line, name, today }, before, after) {
    const value = line[name];
    const [earliest, latest] = [addDays(today, -before), addDays(today, after)];
    if (!value || (earliest <= value && value <= latest)) return null;
    return broken(rule, { earliest, latest, value });
  },

  months({ rule, line, name, today }, least, most) {
    const value = line[name];
    if (!value) return null;
    const ahead = monthNumber(value) - monthNumber(today);
    return least <= ahead && ahead <= most ? null : broken(rule, { months: most, value });
  },

  unique({ rule, line, name, before }) {
    const value = line[name] ?? null;
    const isTwice = value !== null && before.some((each) => each[name] === value);
    return isTwice ? broken(rule, { number: value }) : null;
  },

  option(place) {
    const { kind, rule, line, name } = place;
    const [source = "", target = ""] = kind.options?.[rule.field] ?? [];
    const [list = "", inner = ""] = target.split(".");
    const { key, record } = referred(place, source);
    const allowed = (record?.[list] ?? []).map((/** @type {any} */ each) => each[inner]);
    const value = line[name] ?? null;
    if (value === null || allowed.length === 0 || allowed.includes(value)) return null;
    return broken(rule, { [name]: value, [`${name}s`]: allowed, [source.replace(/_id$/, "")]: key });
  },

  unit_decimals({ rule, line, name, find }, unitField) {
    const quantity = line[name] ?? null;
    const unit = line[unitField] ? find("units", line[unitField]) : null;
    if (quantity === null || unit?.decimals === undefined) return null;
    const used = (String(quantity).split(".")[1] ?? "").replace(/0+$/, "").length;
    if (used <= unit.decimals) return null;
    const reason = rule.reasons[unit.decimals ? 0 : 1] ?? "";
    return { reason, parameters: { decimals: unit.decimals, quantity, unit: unit.name } };
  },

  any_of({ rule, line }, ...names) {
    return names.every((name) => isBlank(line[name])) ? broken(rule, {}) : null;
  },

  needed_above(place, needed, amountField, keyField, limitField) {
    const { kind, rule, body, line, find } = place;
    const amount = line[amountField] ?? null;
    const collection = fieldOf(kind, `${rule.field.split(".")[0]}.${keyField}`)?.references ?? "";
    const record = line[keyField] ? find(collection, line[keyField]) : null;
    const limit = record?.[limitField] ?? null;
    if (amount === null || limit === null || !isBlank(line[needed])) return null;
    // Amounts in two currencies cannot be compared, so the stricter rule applies.
    const isForeign = record?.currency !== body.currency;
    if (!isForeign && Decimal.of(amount).compare(Decimal.of(limit)) <= 0) return null;
    return broken(rule, { category: record?.name, limit, currency: record?.currency });
  },
};

/**
 * @param {CheckRule} rule
 * @param {Record<string, any>} parameters
 * @returns {Broken}
 */
function broken(rule, parameters) {
  return { reason: rule.reasons[0] ?? rule.name, parameters };
}

/**
 * Return the record to which the field at *path* of the document, or of the line, refers.
 *
 * @param {Place} place
 * @param {string} path
 */
function referred({ kind, body, line, find }, path) {
  const [first = "", inner] = path.split(".");
  const key = (inner ? line[inner] : body[first]) ?? null;
  const collection = fieldOf(kind, path)?.references;
  return { key, record: collection && key ? find(collection, String(key)) : null };
}

/**
 * @param {CheckedKind} kind
 * @param {string} path As the contract has it: `lines.unit`.
 */
function fieldOf({ fields = [] }, path) {
  const [first, inner] = path.split(".");
  const field = fields.find((each) => each.name === first);
  return inner ? field?.item?.fields?.find((each) => each.name === inner) : field;
}

/**
 * Return the date *days* after *date*.
 *
 * @param {string} date
 * @param {number} days
 */
export function addDays(date, days) {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** @param {string} text A month or a date. */
function monthNumber(text) {
  return Number(text.slice(0, 4)) * 12 + Number(text.slice(5, 7));
}

/** @param {unknown} value */
function isBlank(value) {
  if (Array.isArray(value)) return value.length === 0;
  return value === null || value === undefined || String(value).trim() === "";
}
