/**
 * Runs the rules of a kind, which are data (docs/reference/rules.json): the same at capture and on the server.
 *
 * A condition is a list of a word and its arguments. A comparison with a null or unknown value is false: what is not
 * known breaks no rule. A path is a field of the body (`order_date`), of the line (`line.unit_price`), of a record
 * (`customer.name`), or `total`.
 */

import { Decimal } from "../decimals.js";

/** @typedef {import("../errors.js").Fault} Fault */
/** @typedef {(collection: string, key: string) => Record<string, any> | null} Find */
/** @typedef {{ name: string, severity: string, code: string, field: string, when: any[], message?: string,
 *   reason?: string }} Rule `message`: the English template; without it, that of `reason` in the contract */
/** @typedef {{ records: Record<string, [string, string]>, rules: Rule[] }} KindRules */
/** @typedef {(path: string) => any} Scope */
/**
 * @typedef {{ find: Find, total: () => string, reasons?: import("./sentences.js").Reason[] }} Known
 * `total`: that of the document, as a decimal. `reasons`: sentences of the contract.
 */

const PLACE = /\{([a-z_.]+)(?::[a-z]+)?\}/g;

/**
 * Yield a fault for each rule of *severity* (`refusal` or `warning`) that *body* breaks.
 *
 * @param {KindRules} kind
 * @param {string} severity
 * @param {Record<string, any>} body
 * @param {Known} known
 * @returns {Generator<Fault>}
 */
export function* brokenRules(kind, severity, body, known) {
  const rules = kind.rules.filter((rule) => rule.severity === severity);
  const ofDocument = rules.filter((rule) => !rule.field.startsWith("lines."));
  const scope = scopeOf(kind, body, {}, known);
  for (const rule of ofDocument) if (isTrue(rule.when, scope)) yield fault(rule, rule.field, scope, known);
  for (const [n, line] of (body.lines ?? []).entries()) {
    const inLine = scopeOf(kind, body, line, known);
    for (const rule of rules) {
      if (ofDocument.includes(rule) || !isTrue(rule.when, inLine)) continue;
      yield fault(rule, rule.field.replace("lines.", `lines[${n}].`), inLine, known);
    }
  }
}

/**
 * Yield [collection, key, field] of each record that the rules read for *body*.
 *
 * @param {KindRules} kind
 * @param {Record<string, any>} body
 * @returns {Generator<[string, string, string]>}
 */
export function* citedByRules({ records }, body) {
  for (const [collection, path] of Object.values(records)) {
    const ofLine = path.startsWith("line.") ? path.slice(5) : null;
    const objects = ofLine === null ? [body] : (body.lines ?? []);
    for (const [n, value] of objects.entries()) {
      const key = value?.[ofLine ?? path];
      if (typeof key === "string") yield [collection, key, ofLine === null ? path : `lines[${n}].${ofLine}`];
    }
  }
}

/**
 * @param {KindRules} kind
 * @param {Record<string, any>} body
 * @param {Record<string, any>} line
 * @param {Known} known
 * @returns {Scope}
 */
function scopeOf({ records }, body, line, { find, total }) {
  /** @type {Record<string, Record<string, any>>} */
  const read = { line };
  /** @type {Scope} */
  const scope = (path) => {
    const dot = path.indexOf(".");
    if (dot < 0) return path === "total" ? total() : (body[path] ?? null);
    const name = path.slice(0, dot);
    if (!(name in read)) {
      const [collection, keyPath] = /** @type {[string, string]} */ (records[name]);
      const key = scope(keyPath);
      read[name] = (key === null ? null : find(collection, key)) ?? {};
    }
    return read[name]?.[path.slice(dot + 1)] ?? null;
  };
  return scope;
}

/** @type {Record<string, (scope: Scope, ...parts: any[]) => boolean>} */
const WORDS = {
  equals: (scope, path, expected) => scope(path) === expected,
  same: (scope, first, second) => scope(first) !== null && scope(first) === scope(second),
  // Dates of the wire compare as text.
  before: (scope, first, second) => Boolean(scope(first) && scope(second) && scope(first) < scope(second)),
  zero: (scope, path) => scope(path) !== null && Decimal.of(scope(path)).units === 0n,
  exceeds: (scope, paths, most) => {
    const numbers = [...paths.map(scope), scope(most)];
    if (numbers.includes(null)) return false;
    const [limit, ...parts] = numbers.reverse().map(Decimal.of);
    const sum = parts.reduce((a, b) => a.plus(b), Decimal.of("0"));
    return sum.compare(/** @type {Decimal} */ (limit)) > 0;
  },
  all: (scope, ...conditions) => conditions.every((condition) => isTrue(condition, scope)),
  any: (scope, ...conditions) => conditions.some((condition) => isTrue(condition, scope)),
  not: (scope, condition) => !isTrue(condition, scope),
};

/**
 * @param {any[]} condition
 * @param {Scope} scope
 */
function isTrue([word, ...parts], scope) {
  // A word of a newer server: its rule breaks nothing here, and the server checks again.
  return WORDS[word]?.(scope, ...parts) ?? false;
}

/**
 * @param {Rule} rule
 * @param {string} field
 * @param {Scope} scope
 * @param {Known} known
 * @returns {Fault}
 */
function fault(rule, field, scope, { reasons = [] }) {
  const reason = rule.reason ?? rule.name;
  const template = rule.message ?? reasons.find(({ code }) => code === reason)?.text.en ?? reason;
  /** @type {Record<string, any>} */
  const parameters = {};
  const message = template.replace(PLACE, (_, path) => {
    parameters[path] = scope(path);
    return String(parameters[path]);
  });
  return { code: rule.code, field, message, reason, parameters };
}
