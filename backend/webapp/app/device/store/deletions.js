/**
 * The only module that deletes anything on the phone, and the journal of what it deleted.
 *
 * Each deletion says why, how many, and at which cursor. A test checks that no other module of the device calls
 * `delete` or `clear` of a database. The journal of the replica's deletions is written when the outbox learns what
 * a page changed (`state.js`), because one transaction cannot span two databases.
 */

import { ulid } from "../ids.js";
import { listIds, writeJson } from "./outbox_database.js";

/**
 * Why something was deleted:
 * - `gone`, `dropped`, `reset`, `stale`: the server said so, by a tombstone, a stream, a new epoch, a segment;
 * - `repaired`: a verification found rows that the server does not have;
 * - `final`: documents that have been final for seven days, and photos that no document cites any more;
 * - `draft_saved`, `draft_discarded`: a draft became a document, or the rep deleted it;
 * - `other_rep`: the replica of the rep who was enrolled before;
 * - `wiped`: the office revoked the device; `signed_out`: the rep left;
 * - `rebuilt`: the replica is fetched again;
 * - `applied`, `outdated`: parts of segments and search texts that were replaced; `replaced_key`: an older key;
 * - `journal`: the oldest entries of this journal and of the syncs; `confirmed`: the server knows of the wipe.
 *
 * @typedef {"gone" | "dropped" | "reset" | "stale" | "repaired" | "final" | "draft_saved" | "draft_discarded"
 *   | "other_rep" | "wiped" | "signed_out" | "rebuilt" | "applied" | "outdated" | "replaced_key" | "journal"
 *   | "confirmed"} Why
 */

/** @typedef {{ at: string, why: Why, what: string, count: number, cursor: string | null }} Deletion */

/** Deletions of a kind that would only fill the journal. @type {Why[]} */
const NOT_LISTED = ["applied", "outdated", "journal", "confirmed"];
const KEPT = 500;

/**
 * Delete *keys* (or ranges of keys, or everything for null) from the object store *store*, and note it in *journal*.
 *
 * @param {import("./database.js").WriteTransaction} transaction
 * @param {string} store
 * @param {(IDBValidKey | IDBKeyRange)[] | null} keys
 * @param {{ why: Why, what: string, count?: number, cursor: string | null, at: string, journal: Deletion[] }} entry
 */
export async function deleteRecorded(transaction, store, keys, { why, what, count, cursor, at, journal }) {
  const objects = transaction.objectStore(store);
  if (keys && !keys.length) return;
  const number = count ?? (keys ? keys.length : await objects.count());
  if (!number && !keys) return;
  if (keys) await Promise.all(keys.map((key) => objects.delete(key)));
  else await objects.clear();
  if (!NOT_LISTED.includes(why)) journal.push({ at, why, what, count: number, cursor });
}

/**
 * Write *journal* to the outbox, and forget its oldest entries.
 *
 * @param {import("./database.js").WriteTransaction} transaction of the outbox
 * @param {Deletion[]} journal
 */
export async function writeJournal(transaction, journal) {
  if (!journal.length) return;
  for (const entry of journal) await writeJson(transaction, "deletion", ulid(Date.now()), entry);
  await forgetOldest(transaction, "deletion", KEPT);
}

/**
 * Forget all but the newest *kept* items of *type*.
 *
 * @param {import("./database.js").WriteTransaction} transaction of the outbox
 * @param {"deletion" | "sync"} type
 * @param {number} kept
 */
export async function forgetOldest(transaction, type, kept) {
  const ids = await listIds(transaction, type);
  const keys = ids.slice(0, Math.max(0, ids.length - kept)).map((id) => `${type}/${id}`);
  const entry = { why: /** @type {const} */ ("journal"), what: type, cursor: null, at: "", journal: [] };
  await deleteRecorded(transaction, "item", keys, entry);
}
