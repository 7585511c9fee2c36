/**
 * Checks a document at capture as the server will: its fields, its references and the rules of its kind, against the
 * replica.
 *
 * The contract says what there is to check. An app that has none yet, or not this kind, leaves it to the server.
 */

import { parentName } from "../store/row.js";
import { brokenChecks } from "./contract_checks.js";
import { fieldFaults } from "./field_checks.js";
import { brokenPrices } from "./price_checks.js";
import { brokenRules, citedByRules } from "./rules.js";
import { sentence } from "./sentences.js";
import { totalOf } from "./totals.js";

/** @typedef {import("../errors.js").Fault} Fault */
/** @typedef {import("./field_checks.js").CheckedField} Field */
/**
 * @typedef {import("./rules.js").KindRules & import("./contract_checks.js").CheckedKind & { name: string,
 *   approvals?: import("./contract_checks.js").CheckRule[] }} Kind
 */
/**
 * @typedef {{ kinds: Kind[], currencies: { usual_decimals: number, decimals: Record<string, number> },
 *   types?: import("./field_checks.js").Types, reasons?: import("./sentences.js").Reason[] }} Contract
 */
/** @typedef {{ find: import("./rules.js").Find, today: string, priceData: import("./price_checks.js").PriceData }} Known */
/** @typedef {{ rep: string, today: string }} Author */
/** @typedef {{ faults: Fault[], warnings: Fault[] }} Checked */

const LISTS_READ = 2;

/**
 * Return the faults for which *body* cannot be captured, and the warnings that the rep should read.
 *
 * @param {import("../store/stores.js").Stores} stores
 * @param {Contract | null} contract
 * @param {string} kindName
 * @param {Record<string, any>} body
 * @param {Author} author
 * @returns {Promise<Checked>}
 */
export async function checkBody(stores, contract, kindName, body, { rep, today }) {
  const kind = contract?.kinds.find(({ name }) => name === kindName);
  if (!contract || !kind) return { faults: [], warnings: [] };
  const cited = [
    ...citedByFields(kind.fields ?? [], body, ""),
    ...citedByRules(kind, body),
    ...citedByLines(body),
  ];
  const records = await readRecords(stores, cited);
  const find = (/** @type {string} */ collection, /** @type {string} */ key) =>
    records.get(JSON.stringify([collection, key])) ?? null;
  const priceData = await readPrices(stores, kind, body, rep);
  return checked(contract, kind, body, { find, today, priceData });
}

/**
 * The same without reading: *known* has the records.
 *
 * @param {Contract} contract
 * @param {Kind} kind
 * @param {Record<string, any>} body
 * @param {Known} known
 * @returns {Checked}
 */
export function checked(contract, kind, body, known) {
  const { types = {}, currencies, reasons = [] } = contract;
  const worded = (/** @type {import("./field_checks.js").FieldFault} */ fault) => ({
    ...fault,
    message: sentence(reasons, fault.reason, fault.parameters),
  });
  const ofFields = [...fieldFaults(kind.fields ?? [], body, { types, currencies })];
  // Rules calculate with values: what cannot be read counts as not entered.
  const read = ofFields.reduce((/** @type {any} */ value, { field }) => withoutValue(value, field), body);
  const unknown = [...citedByFields(kind.fields ?? [], read, "")]
    .filter(([collection, key]) => !known.find(collection, key))
    .map(([collection, key, field]) => ({
      code: "unknown_record",
      field,
      message: `${key} is not among your ${collection.replaceAll("_", " ")}`,
      reason: "unknown_record",
      parameters: { key, collection },
    }));
  const schema = [...ofFields.map(worded), ...unknown];
  if (unknown.length) return { faults: schema, warnings: [] };
  const total = () =>
    totalOf(withCompleteLines(read), currencies.decimals[read.currency] ?? currencies.usual_decimals);
  const scope = { ...known, total, reasons };
  return {
    faults: [
      ...schema,
      ...[...brokenChecks(kind, read, known)].map(worded),
      ...brokenRules(kind, "refusal", read, scope),
    ],
    warnings: [
      ...brokenRules(kind, "warning", read, scope),
      ...[...brokenPrices(kind, read, known)].map(worded),
    ],
  };
}

/**
 * @param {any} value
 * @param {string} path As faults write it: `lines[0].quantity`.
 * @returns {any} a copy of *value* with null at *path*; *value* itself if it has nothing there
 */
function withoutValue(value, path) {
  const [, first = "", rest = ""] = /^\[?([^.[\]]+)\]?\.?(.*)$/.exec(path) ?? [];
  const inner = value?.[first];
  // A list with too few or too many items is read as it is.
  if (inner === null || inner === undefined || (!rest && Array.isArray(inner))) return value;
  const copy = Array.isArray(value) ? [...value] : { ...value };
  copy[/** @type {any} */ (first)] = rest ? withoutValue(inner, rest) : null;
  return copy;
}

/** @param {Record<string, any>} body */
function withCompleteLines(body) {
  const isComplete = (/** @type {Record<string, any>} */ line) => line.quantity && line.unit_price !== null;
  const lines = (body.lines ?? []).filter(
    (/** @type {Record<string, any>} */ line) => line.unit_price === undefined || isComplete(line),
  );
  return { ...body, lines };
}

/**
 * Yield the records that checks of lines read beside those that rules read: the units.
 *
 * @param {Record<string, any>} body
 * @returns {Generator<[string, string, string]>}
 */
function* citedByLines({ lines }) {
  for (const [n, line] of (Array.isArray(lines) ? lines : []).entries()) {
    if (typeof line?.unit === "string") yield ["units", line.unit, `lines[${n}].unit`];
  }
}

/**
 * @param {import("../store/stores.js").Stores} stores
 * @param {Kind} kind
 * @param {Record<string, any>} body
 * @param {string} rep
 * @returns {Promise<Known["priceData"]>}
 */
async function readPrices(stores, kind, body, rep) {
  if (!kind.approvals?.some(({ check }) => check[0] === "price")) {
    return { limit: null, prices: () => [], onlyList: null };
  }
  const products = new Set((body.lines ?? []).map((/** @type {any} */ line) => line.product_id));
  const { limit, lists, rows } = await stores.replica.read(async (transaction) => {
    const records = transaction.objectStore("record");
    const inLists = IDBKeyRange.bound(["price_lists", ""], ["price_lists", []]);
    const ofProducts = [...products]
      .filter((key) => typeof key === "string")
      .map((key) => records.index("parent").getAll(parentName("prices", key)));
    return {
      limit: await records.get(["price_limits", rep]),
      lists: await records.getAll(inLists, LISTS_READ),
      rows: (await Promise.all(ofProducts)).flat(),
    };
  });
  return {
    limit: limit?.record ?? null,
    prices: (list, product) =>
      rows
        .map((row) => row.record)
        .filter((price) => price.price_list_id === list && price.product_id === product),
    onlyList: lists.length === 1 ? (lists[0]?.key ?? null) : null,
  };
}

/**
 * Yield [collection, key, field] of each record that *value* cites by its declared fields.
 *
 * @param {Field[]} fields
 * @param {Record<string, any>} value
 * @param {string} path
 * @returns {Generator<[string, string, string]>}
 */
export function* citedByFields(fields, value, path) {
  for (const { name, references, fields: own, item } of fields) {
    const inner = value?.[name];
    if (inner === null || inner === undefined) continue;
    if (references && typeof inner === "string") yield [references, inner, path + name];
    if (own) yield* citedByFields(own, inner, `${path}${name}.`);
    if (!item || !Array.isArray(inner)) continue;
    for (const [n, entry] of inner.entries()) {
      const place = `${path}${name}[${n}]`;
      if (item.references && typeof entry === "string") yield [item.references, entry, place];
      if (item.fields) yield* citedByFields(item.fields, entry, `${place}.`);
    }
  }
}

/**
 * Read the cited records. A document of the outbox counts before its record arrives.
 *
 * @param {import("../store/stores.js").Stores} stores
 * @param {[string, string, string][]} cited
 * @returns {Promise<Map<string, Record<string, any>>>}
 */
async function readRecords(stores, cited) {
  /** @type {Map<string, Record<string, any>>} */
  const records = new Map();
  await stores.replica.read(async (transaction) => {
    for (const [collection, key] of cited) {
      const row = await transaction.objectStore("record").get([collection, key]);
      if (row) records.set(JSON.stringify([collection, key]), row.record);
    }
  });
  const documents = cited.filter(([collection]) => collection === "submissions");
  await stores.outbox.read(async (transaction) => {
    for (const [, id] of documents) {
      const at = JSON.stringify(["submissions", id]);
      const own = await transaction.objectStore("item").getKey(`processing/${id}`);
      if (own && !records.has(at)) records.set(at, { id });
    }
  });
  return records;
}
