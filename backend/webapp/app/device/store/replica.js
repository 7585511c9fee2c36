/**
 * The replica: the server's records, applied page by page.
 *
 * A page is applied completely, with its cursor, in one transaction, and only if the device still has the cursor
 * that the page was requested with; a late page is discarded. The order within a page is: reset, drop, then puts and
 * tombstones by position.
 */

import { ContractBroken } from "../errors.js";
import { RESET_EPOCH, RESET_REBASE } from "../page.js";
import { replaceOffers } from "./offers.js";
import { carryOver } from "./outbox_updates.js";
import { rowsOf } from "./row.js";
import { RowChanges } from "./rows.js";
import { readState, resetCursor, stillAt, submissionStates, writeState } from "./state.js";

/** @typedef {import("./stores.js").Stores} Stores */
/** @typedef {import("./state.js").SyncState} SyncState */
/**
 * @typedef {{ applied: boolean, put: number, gone: number, reset: boolean, rebased: boolean,
 *   dropped: { stream: import("../page.js").Stream, count: number }[] }} Applied
 * `applied` is false if it came late and was discarded.
 */

/** @type {Readonly<Applied>} */
export const DISCARDED = Object.freeze({
  applied: false,
  put: 0,
  gone: 0,
  reset: false,
  rebased: false,
  dropped: [],
});

/**
 * Apply *page* if the replica is still at *expected*. *now* is this device's time.
 *
 * @param {Stores} stores
 * @param {import("../page.js").Page} page
 * @param {SyncState} expected
 * @param {string} now
 * @returns {Promise<Applied>}
 * @throws {ContractBroken} if the epoch changes without a reset
 */
export async function applyPage(stores, page, expected, now) {
  const rows = await rowsOf(page.put);
  return change(stores, expected, now, async (_transaction, state, changes, journal) => {
    if (state.cursor !== null && page.reset === null && page.epoch !== state.epoch) {
      throw new ContractBroken("the page is of another epoch than the cursor and does not say reset");
    }
    const reset = page.reset === RESET_EPOCH;
    const rebased = page.reset === RESET_REBASE;
    // Before its first page the device has no epoch: a server that received documents may have been restored since.
    const pushAgain = reset || rebased || state.restart || state.cursor === null;
    if (reset || rebased || state.restart) Object.assign(state, { offers: [], thenCursor: null });
    if (reset || state.restart) await changes.removeAll("reset");
    else if (rebased) Object.assign(state, { era: state.era + 1, eraHead: page.head });
    const dropped = [];
    for (const stream of page.drop) {
      dropped.push({ stream, count: await changes.removeStream(stream, "dropped") });
    }
    const dropCount = changes.gone;
    await changes.load([...rows, ...page.gone]);
    for (const row of rows) changes.store(row);
    for (const { channel, collection, key, position } of page.gone) {
      const stored = changes.row(collection, key);
      if (stored && stored.channel === channel && changes.position(stored) < position)
        changes.remove(stored, "gone");
    }
    await changes.write();
    Object.assign(state, {
      cursor: page.cursor,
      etag: page.etag,
      epoch: page.epoch,
      restart: false,
      complete: page.complete,
      serverTime: page.serverTime,
      pollAfter: page.pollAfter,
      syncedAt: now,
      check: page.check,
      verified: false,
    });
    replaceOffers(state, page.offers, page.thenCursor, page.drop);
    const submissions = submissionStates(
      page.put.filter((row) => row.collection === "submissions").map((row) => row.record),
    );
    note(state, { pushAgain, submissions, serverTime: page.serverTime, journal });
    return { applied: true, put: changes.put, gone: changes.gone - dropCount, reset, rebased, dropped };
  });
}

/**
 * Run *work* on the rows and the state, in one transaction, if the replica is still at *expected*; then tell the
 * outbox. *work* changes the state that it gets, which is written afterwards.
 *
 * @param {Stores} stores
 * @param {SyncState} expected
 * @param {string} now
 * @param {(transaction: import("./database.js").WriteTransaction, state: SyncState, changes: RowChanges,
 *   journal: import("./deletions.js").Deletion[]) => Promise<Applied>} work
 */
export async function change(stores, expected, now, work) {
  return stores.exclusively(async () => {
    await carryOver(stores);
    const result = await stores.replica.write(async (transaction) => {
      const state = await readState(transaction);
      if (!stillAt(state, expected)) return { ...DISCARDED };
      /** @type {import("./deletions.js").Deletion[]} */
      const journal = [];
      const changes = await new RowChanges(transaction, state, { at: now, journal }).open();
      const applied = await work(transaction, state, changes, journal);
      await writeState(transaction, state);
      return applied;
    });
    await carryOver(stores);
    return result;
  });
}

/**
 * Store in *state* what the outbox has to learn.
 *
 * @param {SyncState} state
 * @param {Partial<import("./state.js").OutboxUpdate>} update
 */
export function note(state, update) {
  const whole = {
    pushAgain: false,
    submissions: [],
    serverTime: state.serverTime ?? "",
    journal: [],
    ...update,
  };
  if (!whole.pushAgain && !whole.submissions.length && !whole.journal.length) return;
  state.updates = [...state.updates, /** @type {import("./state.js").OutboxUpdate} */ (whole)];
}

/**
 * Change the state of the replica if it is still at *expected*.
 *
 * @param {Stores} stores
 * @param {SyncState} expected
 * @param {(state: SyncState) => void} work
 * @returns {Promise<boolean>} whether it was
 */
export async function changeState(stores, expected, work) {
  return stores.replica.write(async (transaction) => {
    const state = await readState(transaction);
    if (!stillAt(state, expected)) return false;
    work(state);
    await writeState(transaction, state);
    return true;
  });
}

/**
 * Make the replica that of an enrolment: the rows of another rep are deleted, and after a new enrolment the cursor
 * is dropped. Does nothing if it is that of the enrolment already.
 *
 * @param {Stores} stores
 * @param {import("../session/session.js").Identity} identity
 * @param {string} now
 */
export async function adopt(stores, identity, now) {
  const expected = await stores.replica.read(readState);
  const owner = `${identity.server} ${identity.rep}`;
  if (expected.enrolment === identity.enrolment && expected.owner === owner) return;
  await change(stores, expected, now, async (_transaction, state, changes, journal) => {
    if (state.owner !== owner) await changes.removeAll("other_rep");
    note(state, { journal });
    resetCursor(state);
    Object.assign(state, { owner, enrolment: identity.enrolment });
    return { ...DISCARDED, applied: true };
  });
}
