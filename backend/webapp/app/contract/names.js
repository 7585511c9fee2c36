// The names of records that other records refer to, read from the replica once and kept while they are on the screen.

import { signal } from "@preact/signals";
import { device } from "../shell/device.js";
import { collectionOf, titleOf } from "./contract.js";

/** @type {Map<string, string | null>} null: asked for, not known yet. */
const names = new Map();
const version = signal(0);

/**
 * Return the name of a record, or its key until the name is known.
 *
 * @param {string} collectionName
 * @param {string} key
 */
export function nameOf(collectionName, key) {
  version.value;
  const id = `${collectionName}/${key}`;
  if (!names.has(id)) {
    names.set(id, null);
    void read(collectionName, key, id);
  }
  return names.get(id) ?? key;
}

/**
 * @param {string} collectionName
 * @param {string} key
 * @param {string} id
 */
async function read(collectionName, key, id) {
  const collection = collectionOf(collectionName);
  const record = await device.call.record(collectionName, key).catch(() => null);
  if (!collection || !record) {
    names.delete(id);
    return;
  }
  const title = collection.title;
  const parent = collection.fields.find((field) => field.name === title)?.references;
  names.set(id, parent ? nameOf(parent, String(record[title ?? ""])) : titleOf(collection, record));
  version.value += 1;
}

/** Forget the names: records have changed. */
export function forgetNames() {
  names.clear();
}
