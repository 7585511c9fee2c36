/**
 * Checks a document at capture as the server will: its references and the rules of its kind, against the replica.
 *
 * The contract says what there is to check. An app that has none yet, or not this kind, leaves it to the server.
 */

import { brokenRules, citedByRules } from "./rules.js";
import { totalOf } from "./totals.js";

/** @typedef {import("../errors.js").Fault} Fault */
/**
 * @typedef {{ name: string, references?: string, type?: string, fields?: Field[], item?: Field }} Field
 */
/** @typedef {import("./rules.js").KindRules & { name: string, fields?: Field[] }} Kind */
/**
 * @typedef {{ kinds: Kind[], currencies: { usual_decimals: number, decimals: Record<string, number> } }} Contract
 */

/**
 * Return the faults for which *body* cannot be captured, and the warnings that the rep should read.
 *
 * @param {import("../store/stores.js").Stores} stores
 * @param {Contract | null} contract
 * @param {string} kindName
 * @param {Record<string, any>} body
 * @returns {Promise<{ faults: Fault[], warnings: Fault[] }>}
 */
export async function checkBody(stores, contract, kindName, body) {
  const kind = contract?.kinds.find(({ name }) => name === kindName);
  if (!contract || !kind) return { faults: [], warnings: [] };
  const required = [...citedByFields(kind.fields ?? [], body, "")];
  const records = await readRecords(stores, [...required, ...citedByRules(kind, body)]);
  const find = (/** @type {string} */ collection, /** @type {string} */ key) =>
    records.get(JSON.stringify([collection, key])) ?? null;
  /** @type {Fault[]} */
  const unknown = required
    .filter(([collection, key]) => !find(collection, key))
    .map(([collection, key, field]) => ({
      code: "unknown_record",
      field,
      message: `${key} is not among your ${collection.replaceAll("_", " ")}`,
      reason: "unknown_record",
      parameters: { key, collection },
    }));
  if (unknown.length) return { faults: unknown, warnings: [] };
  const { usual_decimals, decimals } = contract.currencies;
  const known = { find, total: () => totalOf(body, decimals[body.currency] ?? usual_decimals) };
  return {
    faults: [...brokenRules(kind, "refusal", body, known)],
    warnings: [...brokenRules(kind, "warning", body, known)],
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
