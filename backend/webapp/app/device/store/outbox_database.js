/**
 * The database `satchel-outbox`: what exists nowhere else.
 *
 * Its layout never changes: an object store `item` of (key, version, bytes), and one of the device's keys, which have
 * no bytes because they cannot be exported. `key` is `<type>/<id>`, and `version` says how to read the bytes of that
 * type. So a new app needs no migration to read what an old one wrote, and a new type of item needs no new store.
 */

import { NewerLayout } from "../errors.js";
import { Database } from "./database.js";

/** @typedef {{ key: string, version: number, bytes: Uint8Array<ArrayBuffer> }} Item */

export const OUTBOX = "satchel-outbox";
const LAYOUT = 1;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** The newest version of the bytes of each type of item that this app can read. */
export const VERSIONS = Object.freeze({
  clock: 1,
  deletion: 1,
  document: 1,
  draft: 1,
  export: 1,
  photo: 1,
  photo_info: 1,
  processing: 1,
  report: 1,
  session: 1,
  sync: 1,
  wipe: 1,
});
/** @typedef {keyof typeof VERSIONS} ItemType */

/**
 * Return the outbox of this browser; *suffix* names another one in tests.
 *
 * @param {string} [suffix]
 */
export function outboxDatabase(suffix = "") {
  return new Database(
    OUTBOX + suffix,
    LAYOUT,
    (handle) => {
      handle.createObjectStore("item", { keyPath: "key" });
      handle.createObjectStore("device_key", { keyPath: "key" });
    },
    "strict",
  );
}

/**
 * Return the bytes of the item, or null.
 *
 * @param {import("./database.js").ReadTransaction} transaction
 * @param {ItemType} type
 * @param {string} id
 * @returns {Promise<Uint8Array<ArrayBuffer> | null>}
 */
export async function readBytes(transaction, type, id) {
  /** @type {Item | undefined} */
  const item = await transaction.objectStore("item").get(`${type}/${id}`);
  return item ? readable(item, type) : null;
}

/**
 * Return the JSON of the item, or null.
 *
 * @param {import("./database.js").ReadTransaction} transaction
 * @param {ItemType} type
 * @param {string} id
 * @returns {Promise<any>}
 */
export async function readJson(transaction, type, id) {
  const bytes = await readBytes(transaction, type, id);
  return bytes && JSON.parse(decoder.decode(bytes));
}

/**
 * Return [id, JSON] of every item of *type*, by id.
 *
 * @param {import("./database.js").ReadTransaction} transaction
 * @param {ItemType} type
 * @returns {Promise<[string, any][]>}
 */
export async function listJson(transaction, type) {
  /** @type {Item[]} */
  const items = await transaction.objectStore("item").getAll(rangeOf(type));
  return items.map((item) => [
    item.key.slice(type.length + 1),
    JSON.parse(decoder.decode(readable(item, type))),
  ]);
}

/**
 * Return the ids of every item of *type*, ascending.
 *
 * @param {import("./database.js").ReadTransaction} transaction
 * @param {ItemType} type
 * @returns {Promise<string[]>}
 */
export async function listIds(transaction, type) {
  const keys = await transaction.objectStore("item").getAllKeys(rangeOf(type));
  return keys.map((key) => String(key).slice(type.length + 1));
}

/**
 * Store *bytes* as the item.
 *
 * @param {import("./database.js").WriteTransaction} transaction
 * @param {ItemType} type
 * @param {string} id
 * @param {Uint8Array<ArrayBuffer>} bytes
 */
export async function writeBytes(transaction, type, id, bytes) {
  await transaction.objectStore("item").put({ key: `${type}/${id}`, version: VERSIONS[type], bytes });
}

/**
 * Store *value* as the item, in JSON.
 *
 * @param {import("./database.js").WriteTransaction} transaction
 * @param {ItemType} type
 * @param {string} id
 * @param {unknown} value
 */
export async function writeJson(transaction, type, id, value) {
  await writeBytes(transaction, type, id, encoder.encode(JSON.stringify(value)));
}

/** @param {ItemType} type The keys of *type*; the character after "/" ends the range. */
export function rangeOf(type) {
  return IDBKeyRange.bound(`${type}/`, `${type}0`, false, true);
}

/**
 * @param {Item} item
 * @param {ItemType} type
 */
function readable(item, type) {
  if (item.version > VERSIONS[type]) {
    throw new NewerLayout(`${item.key} has version ${item.version}, and this app reads ${VERSIONS[type]}`);
  }
  return item.bytes;
}
