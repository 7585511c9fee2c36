/**
 * The outbox: captured documents, kept until the feed reports a final state, and seven more days.
 *
 * The bytes of a document are frozen at capture and never written again. What is known of its processing is an item
 * of its own. A push result deletes nothing: a server that is restored from a backup must find the document here.
 */

import { deleteRecorded } from "./deletions.js";
import { listIds, listJson, readBytes, readJson, writeBytes, writeJson } from "./outbox_database.js";

/** @typedef {import("./database.js").ReadTransaction} ReadTransaction */
/** @typedef {import("./database.js").WriteTransaction} WriteTransaction */
/** @typedef {import("../errors.js").Fault} Fault */
/**
 * @typedef {{ seq: number, rep: string, kind: string, title: string, captured_at: string, sha256: string,
 *   supersedes: string | null, photos: string[], due: boolean, attempts: number, failures: number,
 *   status: string | null, state: string | null, mark: string | null, errors: Fault[], warnings: Fault[],
 *   dismissed: boolean, final_at: string | null, any_line?: boolean }} Processing
 * `photos` are the sha256 of those that it cites. `mark` says why it is not pushed although the server does not have
 * it. `final_at`: the server's time when the feed reported a final state. `any_line`: its photos do not
 * wait for Wi-Fi.
 */
/** @typedef {{ id: string, sha256: string, frozen: Uint8Array<ArrayBuffer>, failures: number }} DueDocument */
/**
 * @typedef {{ id: string | null, status: string, state: string | null, sha256: string | null, errors: Fault[],
 *   warnings: Fault[] }} PushResult
 */

export const SUSPICIOUS = "suspicious";
export const TOO_LARGE = "too_large";
export const REFUSED = "refused";
export const GRACE_MS = 7 * 86_400_000;

const DELETABLE = ["accepted", "withdrawn", "superseded", "cancelled"];
const NOT_PUSHED_AGAIN = ["withdrawn", "superseded", "cancelled"];

/**
 * Store a new document: its frozen bytes, and that it is due.
 *
 * @param {WriteTransaction} transaction
 * @param {string} id
 * @param {Uint8Array<ArrayBuffer>} frozen
 * @param {Pick<Processing, "rep" | "kind" | "title" | "captured_at" | "sha256" | "supersedes" | "photos"
 *   | "warnings">} captured
 */
export async function addDocument(transaction, id, frozen, captured) {
  const numbers = (await listJson(transaction, "processing")).map(([, processing]) => processing.seq);
  /** @type {Processing} */
  const processing = {
    ...captured,
    seq: Math.max(0, ...numbers) + 1,
    due: true,
    attempts: 0,
    failures: 0,
    status: null,
    state: null,
    mark: null,
    errors: [],
    dismissed: false,
    final_at: null,
  };
  await writeBytes(transaction, "document", id, frozen);
  await writeJson(transaction, "processing", id, processing);
}

/**
 * Return [id, processing] of every document, in the order of capture.
 *
 * @param {ReadTransaction} transaction
 * @returns {Promise<[string, Processing][]>}
 */
export async function processings(transaction) {
  return (await listJson(transaction, "processing")).sort(([, a], [, b]) => a.seq - b.seq);
}

/**
 * Return the documents to push for *rep*; those that failed before come last.
 *
 * @param {ReadTransaction} transaction
 * @param {string} rep
 * @returns {Promise<DueDocument[]>}
 */
export async function dueDocuments(transaction, rep) {
  const due = (await processings(transaction)).filter(
    ([, processing]) => processing.due && processing.rep === rep,
  );
  due.sort(([, a], [, b]) => a.failures - b.failures || a.seq - b.seq);
  const documents = [];
  for (const [id, { sha256, failures }] of due) {
    const frozen = await readBytes(transaction, "document", id);
    if (frozen) documents.push({ id, sha256, frozen, failures });
  }
  return documents;
}

/**
 * Change the processing of the document *id*, if it exists.
 *
 * @param {WriteTransaction} transaction
 * @param {string} id
 * @param {(processing: Processing) => Partial<Processing> | null} change null: leave it as it is
 */
export async function changeProcessing(transaction, id, change) {
  const processing = await readJson(transaction, "processing", id);
  const changed = processing && change(processing);
  if (changed) await writeJson(transaction, "processing", id, { ...processing, ...changed });
}

/**
 * Store one result per document.
 *
 * @param {WriteTransaction} transaction
 * @param {DueDocument[]} documents
 * @param {PushResult[]} results
 */
export async function storeResults(transaction, documents, results) {
  for (const [n, { id, sha256 }] of documents.entries()) {
    const result = /** @type {PushResult} */ (results[n]);
    const stored = result.status === "received" || result.status === "duplicate";
    await changeProcessing(transaction, id, (before) => ({
      due: false,
      failures: 0,
      status: result.status,
      state: result.state,
      errors: result.errors,
      mark: stored && result.sha256 !== sha256 ? SUSPICIOUS : null,
      warnings: result.warnings.length ? result.warnings : before.warnings,
    }));
  }
}

/**
 * Copy states from records of `submissions` to the outbox.
 *
 * @param {WriteTransaction} transaction
 * @param {import("./state.js").SubmissionState[]} submissions
 * @param {string} serverTime
 */
export async function updateStates(transaction, submissions, serverTime) {
  for (const { id, sha256, state, superseded, errors } of submissions) {
    await changeProcessing(transaction, id, (before) => {
      // The server has another document under this id. Keep ours; a person must compare both.
      if (sha256 !== before.sha256) return { mark: SUSPICIOUS, due: false, final_at: null };
      const final = DELETABLE.includes(state) || (state === "rejected" && superseded) || before.dismissed;
      return {
        state,
        errors,
        final_at: final ? (before.final_at ?? serverTime) : null,
        due: false,
        mark: null,
        status: before.status ?? "received",
      };
    });
  }
}

/**
 * Make every document due that a restored server must get again, accepted ones too, and every photo.
 *
 * @param {WriteTransaction} transaction
 */
export async function pushAllAgain(transaction) {
  for (const [id, { attempts, dismissed, mark, state, final_at }] of await processings(transaction)) {
    const replaced = state === "rejected" && final_at !== null;
    if (!attempts || dismissed || mark || NOT_PUSHED_AGAIN.includes(state ?? "") || replaced) continue;
    await changeProcessing(transaction, id, () => ({ due: true, final_at: null, failures: 0 }));
  }
  for (const [sha256, info] of await listJson(transaction, "photo_info")) {
    await writeJson(transaction, "photo_info", sha256, { ...info, uploaded: false, upload: null, arrived: 0 });
  }
}

/**
 * Delete documents that have been final for seven days by the server's clock, and photos that nothing cites.
 *
 * @param {WriteTransaction} transaction
 * @param {{ serverTime: string, grace: number, cursor: string | null }} options grace: milliseconds
 * @param {import("./deletions.js").Deletion[]} journal
 * @returns {Promise<number>} how many documents
 */
export async function deleteFinal(transaction, { serverTime, grace, cursor }, journal) {
  const before = Date.parse(serverTime) - grace;
  const cited = new Set();
  const done = [];
  for (const [id, { final_at, mark, photos }] of await processings(transaction)) {
    if (final_at !== null && mark === null && Date.parse(final_at) <= before) done.push(id);
    else for (const sha256 of photos) cited.add(sha256);
  }
  const drafts = await listJson(transaction, "draft");
  for (const [, draft] of drafts) for (const sha256 of draft.photos ?? []) cited.add(sha256);
  const entry = { why: /** @type {const} */ ("final"), cursor, at: serverTime, journal };
  const keys = done.flatMap((id) => [`document/${id}`, `processing/${id}`]);
  await deleteRecorded(transaction, "item", keys, { ...entry, what: "documents", count: done.length });
  const unused = (await listIds(transaction, "photo_info")).filter((sha256) => !cited.has(sha256));
  const photos = unused.flatMap((sha256) => [`photo/${sha256}`, `photo_info/${sha256}`]);
  await deleteRecorded(transaction, "item", photos, { ...entry, what: "photos", count: unused.length });
  return done.length;
}
