/** What a sync gave to the rep and took away: territories, warehouses, whole collections. */

import { streamSums } from "../store/row.js";

/** @typedef {import("./report.js").Change} Change */

/** Channels that every rep has. If one is taken away, a person misses its collections, not the channel. */
const OF_NO_NAME = ["everyone", "rep"];
/** @type {Record<string, string>} */
const NAMED_BY = { warehouse: "warehouses", account: "customers" };

/**
 * Return the channels that have records.
 *
 * @param {import("../store/stores.js").Stores} stores
 */
export async function channels(stores) {
  const sums = await stores.replica.read(streamSums);
  return new Set(sums.map((sum) => sum.channel));
}

/**
 * Return what the rep no longer has. *dropped* are the streams that the pages of a sync dropped. Call it after the
 * last page: a stream that starts again is dropped too, and comes back with later pages.
 *
 * @param {import("../store/stores.js").Stores} stores
 * @param {{ stream: import("../page.js").Stream, count: number }[]} dropped
 * @returns {Promise<Change[]>}
 */
export async function lost(stores, dropped) {
  const held = await stores.replica.read(streamSums);
  /** @type {Map<string, Change>} */
  const changes = new Map();
  for (const { stream, count } of dropped) {
    const { channel, collection } = stream;
    if (held.some((sum) => sum.channel === channel && sum.collection === collection)) continue;
    const isWhole = !OF_NO_NAME.includes(dimensionOf(channel)) && !held.some((sum) => sum.channel === channel);
    const label = await labelled(stores, channel, isWhole ? null : collection);
    const key = JSON.stringify([isWhole ? channel : collection]);
    const before = changes.get(key)?.count ?? 0;
    changes.set(key, { ...label, count: before + count });
  }
  return [...changes.values()];
}

/**
 * Return what the rep has now and did not have when *before* were the channels of all records.
 *
 * @param {import("../store/stores.js").Stores} stores
 * @param {Set<string>} before
 * @returns {Promise<Change[]>}
 */
export async function gained(stores, before) {
  const now = [...(await channels(stores))].sort();
  const fresh = now.filter((channel) => !before.has(channel) && !OF_NO_NAME.includes(dimensionOf(channel)));
  return Promise.all(fresh.map((channel) => labelled(stores, channel, null)));
}

/**
 * @param {import("../store/stores.js").Stores} stores
 * @param {string} channel
 * @param {string | null} collection
 * @returns {Promise<Change>}
 */
async function labelled(stores, channel, collection) {
  const dimension = dimensionOf(channel);
  const value = channel.slice(dimension.length + 1);
  const named = NAMED_BY[dimension];
  const row =
    named &&
    (await stores.replica.read((transaction) => transaction.objectStore("record").get([named, value])));
  return { dimension, value, name: row?.record.name ?? null, collection, count: 0 };
}

/** @param {string} channel */
function dimensionOf(channel) {
  return channel.split(":", 1)[0] ?? channel;
}
