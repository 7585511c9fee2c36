// Reads records of the replica: one, some by key, those below another, and those that a search has found.

import { keyRange, parentName } from "./row.js";

/** @typedef {import("./stores.js").Stores} Stores */
/** @typedef {Record<string, any>} Row */

/**
 * Return one record, or null.
 *
 * @param {Stores} stores
 * @param {string} collection
 * @param {string} key
 * @returns {Promise<Row | null>}
 */
export async function record(stores, collection, key) {
  const row = await stores.replica.read((transaction) =>
    transaction.objectStore("record").get([collection, key]),
  );
  return row?.record ?? null;
}

/**
 * Return records of *collection* by key, at most *limit*, after the key *after*.
 *
 * @param {Stores} stores
 * @param {string} collection
 * @param {{ limit: number, after: string }} page
 * @returns {Promise<Row[]>}
 */
export async function records(stores, collection, { limit, after }) {
  const from = after
    ? IDBKeyRange.bound([collection, after], [collection, []], true, true)
    : keyRange(collection);
  const rows = await stores.replica.read((transaction) =>
    transaction.objectStore("record").getAll(from, limit),
  );
  return rows.map((row) => row.record);
}

/**
 * Return the records of *collection* below the customer or product *parent*, by key.
 *
 * @param {Stores} stores
 * @param {string} collection
 * @param {string} parent
 * @returns {Promise<Row[]>}
 */
export async function children(stores, collection, parent) {
  const rows = await stores.replica.read((transaction) =>
    transaction.objectStore("record").index("parent").getAll(parentName(collection, parent)),
  );
  return rows.map((row) => row.record);
}

/**
 * Return the records of each collection that still exist, in the order of *hits*, read at one moment.
 *
 * @param {Stores} stores
 * @param {{ name: string, keys: string[] }[]} hits
 * @returns {Promise<Row[][]>}
 */
export async function recordsOf(stores, hits) {
  return stores.replica.read((transaction) => {
    const store = transaction.objectStore("record");
    const read = hits.map(async ({ name, keys }) => {
      const rows = await Promise.all(keys.map((key) => store.get([name, key])));
      return rows.filter(Boolean).map((row) => row.record);
    });
    return Promise.all(read);
  });
}
