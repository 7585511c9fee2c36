/**
 * Applies a downloaded segment, completely, in one transaction.
 *
 * Its rows get the position of the offer, and replace only rows with a lower one. A row of the same stream and key
 * range that is at or below that position, and that the segment lacks, had been deleted by then.
 */

import { finishOffers, pendingOffer } from "../store/offers.js";
import { change, DISCARDED, note } from "../store/replica.js";
import { rowsOf } from "../store/row.js";
import { readState, submissionStates } from "../store/state.js";

/**
 * Apply the records of *offer*, if it is still pending; after the last one, `then` becomes the cursor.
 *
 * @param {import("../store/stores.js").Stores} stores
 * @param {import("../page.js").Offer} offer
 * @param {{ keys: string[], records: Record<string, any>[] }} segment
 * @param {string} now
 * @returns {Promise<import("../store/replica.js").Applied>}
 */
export async function applySegment(stores, offer, { keys, records }, now) {
  const { channel, collection, position } = offer;
  const puts = records.map((record, n) => {
    const key = /** @type {string} */ (keys[n]);
    return { channel, collection, key, position, record };
  });
  const rows = await rowsOf(puts);
  const names = new Set(keys);
  const expected = await stores.replica.read(readState);
  return change(stores, expected, now, async (_transaction, state, changes, journal) => {
    const pending = pendingOffer(state, offer);
    if (!pending) return { ...DISCARDED };
    const stored = await changes.loadRange(collection, offer.from, offer.to);
    for (const row of stored) {
      const isStale = row.channel === channel && changes.position(row) <= position && !names.has(row.key);
      if (isStale) changes.remove(row, "stale");
    }
    for (const row of rows) changes.store(row);
    await changes.write();
    pending.applied = true;
    state.verified = false;
    finishOffers(state);
    const submissions = collection === "submissions" && state.serverTime ? submissionStates(records) : [];
    note(state, { submissions, journal });
    return { ...DISCARDED, applied: true, put: changes.put, gone: changes.gone };
  });
}
