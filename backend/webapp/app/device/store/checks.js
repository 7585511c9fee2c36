/** Checksums of the replica: of all rows, of streams, of key ranges; and the daily look at every body. */

import { asWire, EMPTY, equals, hashText, recordHash, total, withRow } from "../checksum.js";
import { carryOver } from "./outbox_updates.js";
import { note } from "./replica.js";
import { keyRange, scan, streamSums } from "./row.js";
import { readState, stillAt, submissionStates, writeState } from "./state.js";

/** @typedef {import("./stores.js").Stores} Stores */
/** @typedef {import("../page.js").Stream} Stream */
/** @typedef {Stream & { from: string, to: string | null }} Part */

const REHASH_EVERY = 86_400_000;

/**
 * Return the checksum of every stream that has rows.
 *
 * @param {Stores} stores
 */
export async function ofStreams(stores) {
  return stores.replica.read(streamSums);
}

/**
 * Return [key, hash as text] of the rows in *part*, by key.
 *
 * @param {Stores} stores
 * @param {Part} part
 * @returns {Promise<[string, string][]>}
 */
export async function rowHashes(stores, part) {
  return (await rowsOf(stores, part)).map((row) => [row.key, hashText(row)]);
}

/**
 * Return the checksum of the rows in *part*.
 *
 * @param {Stores} stores
 * @param {Part} part
 */
export async function ofRange(stores, part) {
  return (await rowsOf(stores, part)).reduce((sum, row) => withRow(sum, row), { ...EMPTY });
}

/**
 * @param {Stores} stores
 * @param {Part} part
 */
async function rowsOf(stores, { channel, collection, from, to }) {
  return stores.replica.read(async (transaction) => {
    /** @type {{ key: string, high: number, low: number }[]} */
    const rows = [];
    for await (const some of scan(transaction, keyRange(collection, from, to))) {
      for (const row of some)
        if (row.channel === channel) rows.push({ key: row.key, high: row.high, low: row.low });
    }
    return rows;
  });
}

/**
 * Say whether the replica equals the checksum of the last complete page, and store it if so. Then the outbox learns
 * the states of all documents: now the server has confirmed each record.
 *
 * @param {Stores} stores
 * @returns {Promise<boolean>}
 */
export async function matchesServer(stores) {
  return stores.exclusively(async () => {
    await carryOver(stores);
    const matches = await stores.replica.write(async (transaction) => {
      const state = await readState(transaction);
      if (state.verified) return true;
      if (!state.check || !equals(total(await streamSums(transaction)), state.check)) return false;
      const records = [];
      for await (const rows of scan(transaction, keyRange("submissions")))
        records.push(...rows.map((row) => row.record));
      note(state, { submissions: submissionStates(records) });
      state.verified = true;
      state.verifiedAt = state.serverTime;
      state.rehashedAt ??= state.serverTime;
      await writeState(transaction, state);
      return true;
    });
    await carryOver(stores);
    return matches;
  });
}

/**
 * Store the replica's own checksum as the server's: a verification has found them equal. This is for a cursor that a
 * 304 called complete: no page has brought a checksum for it.
 *
 * @param {Stores} stores
 * @param {import("./state.js").SyncState} expected
 */
export async function adoptChecksum(stores, expected) {
  await stores.replica.write(async (transaction) => {
    const state = await readState(transaction);
    if (!stillAt(state, expected)) return;
    state.check = asWire(total(await streamSums(transaction)));
    await writeState(transaction, state);
  });
}

/** @param {import("./state.js").SyncState} state Say whether the last `rehash` is a day ago, by the server's time. */
export function rehashDue(state) {
  if (!state.rehashedAt || !state.serverTime) return false;
  return Date.parse(state.serverTime) - Date.parse(state.rehashedAt) >= REHASH_EVERY;
}

/**
 * Compute every hash and checksum again from the stored bodies; return how many hashes were wrong. A body that a
 * fault has changed then shows in the checksum, and is repaired like any other difference.
 *
 * @param {Stores} stores
 * @returns {Promise<number>}
 */
export async function rehash(stores) {
  return stores.replica.write(async (transaction) => {
    const records = transaction.objectStore("record");
    let wrong = 0;
    /** @type {Map<string, Stream & import("../checksum.js").Checksum>} */
    const sums = new Map();
    for (const { channel, collection } of await transaction.objectStore("stream").getAll()) {
      sums.set(JSON.stringify([channel, collection]), { channel, collection, ...EMPTY });
    }
    const everything = IDBKeyRange.bound(["", ""], [[]]);
    for await (const rows of scan(transaction, everything)) {
      for (const row of rows) {
        const hash = recordHash(row.collection, row.key, row.record);
        if (hash.high !== row.high || hash.low !== row.low) {
          wrong += 1;
          await records.put({ ...row, ...hash });
        }
        const { channel, collection } = row;
        const at = JSON.stringify([channel, collection]);
        sums.set(at, { channel, collection, ...withRow(sums.get(at) ?? EMPTY, hash) });
      }
    }
    for (const sum of sums.values()) await transaction.objectStore("stream").put(sum);
    const state = await readState(transaction);
    state.rehashedAt = state.serverTime;
    state.verified = false;
    await writeState(transaction, state);
    return wrong;
  });
}
