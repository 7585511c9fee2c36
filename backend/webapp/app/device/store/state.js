/**
 * How far the replica has been synced: one value in the replica's database.
 *
 * It also holds what the outbox has to learn from pages that were applied (`updates`): a transaction cannot span the
 * two databases, so a page stores this with its rows, and `outbox_updates.js` carries it over.
 */

/** @typedef {import("../page.js").Offer & { applied: boolean }} StoredOffer */
/**
 * @typedef {{ pushAgain: boolean, serverTime: string, submissions: SubmissionState[], photosMissing: boolean,
 *   journal: import("./deletions.js").Deletion[] }} OutboxUpdate
 */
/**
 * @typedef {{ id: string, sha256: string, state: string, superseded: boolean, errors: any[] }} SubmissionState
 */
/**
 * @typedef {{
 *   owner: string | null, enrolment: string | null,
 *   run: number, cursor: string | null, etag: string | null, epoch: string | null, restart: boolean,
 *   complete: boolean, serverTime: string | null, pollAfter: number | null, syncedAt: string | null,
 *   thenCursor: string | null, offers: StoredOffer[], check: import("../checksum.js").ChecksumJson | null,
 *   verified: boolean, verifiedAt: string | null, rehashedAt: string | null, refetchedAt: string | null,
 *   era: number, eraHead: number, searchNumber: number, generation: number, updates: OutboxUpdate[]
 * }} SyncState
 * `run` grows whenever the cursor is dropped. `restart`: the next page replaces everything. `era` counts the rebases;
 * a row of an earlier era stands at `eraHead`. `generation` grows whenever all rows are deleted at once.
 */

/** @type {Readonly<SyncState>} */
const START = Object.freeze({
  owner: null,
  enrolment: null,
  run: 0,
  cursor: null,
  etag: null,
  epoch: null,
  restart: false,
  complete: false,
  serverTime: null,
  pollAfter: null,
  syncedAt: null,
  thenCursor: null,
  offers: [],
  check: null,
  verified: false,
  verifiedAt: null,
  rehashedAt: null,
  refetchedAt: null,
  era: 0,
  eraHead: 0,
  searchNumber: 1,
  generation: 0,
  updates: [],
});

/**
 * Return the state; a copy, to be changed and written.
 *
 * @param {import("./database.js").ReadTransaction} transaction of the replica
 * @returns {Promise<SyncState>}
 */
export async function readState(transaction) {
  return { ...START, ...(await transaction.objectStore("state").get("sync")) };
}

/**
 * @param {import("./database.js").WriteTransaction} transaction of the replica
 * @param {SyncState} state
 */
export async function writeState(transaction, state) {
  await transaction.objectStore("state").put(state, "sync");
}

/**
 * Say whether run and cursor are still those of *expected*: the state at which a request was made.
 *
 * @param {SyncState} state
 * @param {SyncState} expected
 */
export function stillAt(state, expected) {
  return (
    state.run === expected.run && state.cursor === expected.cursor && state.enrolment === expected.enrolment
  );
}

/** @param {SyncState} state Make the next page replace everything. */
export function resetCursor(state) {
  Object.assign(state, {
    run: state.run + 1,
    cursor: null,
    etag: null,
    epoch: null,
    restart: true,
    complete: false,
    check: null,
    verified: false,
    thenCursor: null,
    offers: [],
  });
}

/**
 * Return what an outbox learns from *records* of the collection `submissions`.
 *
 * @param {Record<string, any>[]} records
 * @returns {SubmissionState[]}
 */
export function submissionStates(records) {
  return records.map((record) => ({
    id: String(record.id),
    sha256: String(record.sha256),
    state: String(record.state),
    superseded: Boolean(record.superseded_by),
    errors: Array.isArray(record.errors) ? record.errors : [],
  }));
}
