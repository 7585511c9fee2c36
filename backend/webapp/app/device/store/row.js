/** One row of the replica: how it is made of a record, and how rows are read. */

import { recordHash } from "../checksum.js";
import { ContractBroken } from "../errors.js";
import { searchText } from "../search/text.js";

/**
 * @typedef {{ collection: string, key: string, channel: string, position: number, era: number, high: number,
 *   low: number, parent?: string, record: Record<string, any> }} Row As it is stored.
 */
/** @typedef {Row & { text: string }} NewRow With its search text. */
/** @typedef {import("../page.js").PutRow} PutRow */
/** @typedef {import("../checksum.js").Checksum} Checksum */

/** Fields with the key of the record under which screens show another one, in the order in which they count. */
const PARENT_FIELDS = ["customer_id", "product_id"];
const SCANNED_AT_ONCE = 1_000;
/** How long rows are made before other tasks have their turn. */
const SLICE_MS = 8;

/**
 * Return *put* as a row, with its hash; call it before a transaction begins.
 *
 * @param {PutRow} put
 * @returns {NewRow}
 * @throws {ContractBroken} if the record has no canonical form
 */
export function rowOf({ channel, collection, key, position, record }) {
  try {
    const { high, low } = recordHash(collection, key, record);
    /** @type {NewRow} */
    const row = { collection, key, channel, position, era: 0, high, low, record, text: searchText(record) };
    const field = PARENT_FIELDS.find((name) => typeof record[name] === "string");
    if (field) row.parent = parentName(collection, record[field]);
    return row;
  } catch (error) {
    throw new ContractBroken(
      `record ${key} of ${collection}: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/**
 * Return *puts* as rows, as `rowOf` does; other tasks of the worker, such as a search, have their turn in between.
 *
 * @param {Iterable<PutRow>} puts
 * @throws {ContractBroken} if a record has no canonical form
 */
export async function rowsOf(puts) {
  const rows = [];
  let until = performance.now() + SLICE_MS;
  for (const put of puts) {
    rows.push(rowOf(put));
    if (performance.now() < until) continue;
    await nextTask();
    until = performance.now() + SLICE_MS;
  }
  return rows;
}

/** Let the tasks that wait run first. A timer would wait four milliseconds. */
function nextTask() {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve(undefined);
    };
    port2.postMessage(null);
  });
}

/**
 * Return the value of the index `parent` for records of *collection* below *key*.
 *
 * @param {string} collection
 * @param {string} key
 */
export function parentName(collection, key) {
  return `${collection}/${key}`;
}

/**
 * Return the keys of *collection* from *from* (included) to *to* (excluded; null: the end).
 *
 * @param {string} collection
 * @param {string} [from]
 * @param {string | null} [to]
 */
export function keyRange(collection, from = "", to = null) {
  // An array is greater than every string.
  return IDBKeyRange.bound([collection, from], [collection, to ?? []], false, true);
}

/**
 * Yield the rows in *range* by key, in lists of at most 1,000.
 *
 * @param {import("./database.js").ReadTransaction} transaction
 * @param {IDBKeyRange} range
 * @returns {AsyncGenerator<Row[]>}
 */
export async function* scan(transaction, range) {
  const records = transaction.objectStore("record");
  for (let rest = range; ; ) {
    /** @type {Row[]} */
    const rows = await records.getAll(rest, SCANNED_AT_ONCE);
    if (rows.length) yield rows;
    const last = rows.at(-1);
    if (rows.length < SCANNED_AT_ONCE || !last) return;
    rest = IDBKeyRange.bound([last.collection, last.key], range.upper, true, true);
  }
}

/**
 * Return the checksums of all streams that have rows.
 *
 * @param {import("./database.js").ReadTransaction} transaction
 * @returns {Promise<(import("../page.js").Stream & Checksum)[]>}
 */
export async function streamSums(transaction) {
  const sums = await transaction.objectStore("stream").getAll();
  return sums.filter((sum) => sum.count);
}
