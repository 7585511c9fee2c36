/**
 * The database `satchel-replica`: the server's records, and how far they have been synced.
 *
 * It can be deleted at any time, and is fetched again. So it has no migrations: another version begins empty.
 */

import { Database } from "./database.js";

export const REPLICA = "satchel-replica";
const LAYOUT = 1;

/**
 * Return the replica of this browser; *suffix* names another one in tests.
 *
 * @param {string} [suffix]
 */
export function replicaDatabase(suffix = "") {
  return new Database(REPLICA + suffix, LAYOUT, create, "relaxed");
}

/** @param {import("./database.js").Handle} handle */
function create(handle) {
  for (const name of [...handle.objectStoreNames]) handle.deleteObjectStore(name);
  // (collection, key, channel, position, era, high, low, parent, record)
  const records = handle.createObjectStore("record", { keyPath: ["collection", "key"] });
  records.createIndex("parent", "parent");
  // (channel, collection, count, high, low): the checksum of each stream
  handle.createObjectStore("stream", { keyPath: ["channel", "collection"] });
  // One value: cursor, offers, and what the outbox has to learn.
  handle.createObjectStore("state");
  // (sha256, offset, bytes): the part of a segment that has arrived
  handle.createObjectStore("part", { keyPath: ["sha256", "offset"] });
  // (collection, number, keys, texts): what searches compare; later numbers replace earlier ones
  handle.createObjectStore("search", { keyPath: ["collection", "number"] });
}
