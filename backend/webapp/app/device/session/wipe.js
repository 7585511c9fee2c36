/**
 * Revocation: delete everything on the device, but never the only copy of a document.
 *
 * A browser lets no program write a file without the user. So the export is stored in the outbox first, stays there
 * after everything else has been deleted, and is offered until the rep says that the office has it. It contains
 * only what the rep captured and the server does not have.
 */

import { Problem } from "../errors.js";
import { deleteRecorded, writeJournal } from "../store/deletions.js";
import { readBytes, readJson, writeBytes, writeJson } from "../store/outbox_database.js";
import { readState, writeState } from "../store/state.js";
import { exportUnsent } from "./export.js";
import { deleteKeys } from "./keys.js";
import { identity } from "./session.js";
import { Transport } from "./transport.js";

/** @typedef {import("../store/stores.js").Stores} Stores */
/** @typedef {{ server: string, device: string, wipeOrder: string | null, exported: number }} Confirmation */

const TRY_AGAIN = [408, 429];

/**
 * Export unsent documents, delete everything, and confirm it; return how many documents and receipts were exported.
 *
 * If the app is killed before the session is deleted, the server's reply to the next request starts this from the
 * beginning; if after that, the next start of the app calls `clearAfterWipe`.
 *
 * @param {Stores} stores
 * @param {string | null} wipeOrder confirms the wipe to the server
 * @param {string} now
 * @returns {Promise<number>}
 */
export async function wipe(stores, wipeOrder, now) {
  const unsent = await exportUnsent(stores);
  const enrolled = await identity(stores);
  const exported = unsent?.count ?? 0;
  await stores.outbox.write(async (transaction) => {
    if (unsent) await writeBytes(transaction, "export", "unsent", unsent.bytes);
    if (enrolled) {
      /** @type {Confirmation} */
      const confirmation = { server: enrolled.server, device: enrolled.device_id, wipeOrder, exported };
      await writeJson(transaction, "wipe", "current", confirmation);
    }
  });
  await stores.outbox.write(async (transaction) => {
    const keys = await transaction.objectStore("item").getAllKeys();
    const others = keys.filter((key) => key !== "export/unsent" && key !== "wipe/current");
    /** @type {import("../store/deletions.js").Deletion[]} */
    const journal = [];
    const entry = { what: "items", cursor: null, at: now, journal };
    await deleteRecorded(transaction, "item", others, { why: "wiped", ...entry });
    await deleteKeys(transaction, null);
    await writeJournal(transaction, journal);
  });
  await confirmWipe(stores, now);
  return exported;
}

/**
 * Delete the replica if a wipe was interrupted before that.
 *
 * @param {Stores} stores
 * @param {string} now
 * @returns {Promise<Confirmation | null>} what the server has to be told
 */
export async function clearAfterWipe(stores, now) {
  const confirmation = await pending(stores);
  if (confirmation) await clearReplica(stores, "wiped", now);
  return confirmation;
}

/**
 * Tell the server of a wipe that it does not know of yet. If it cannot be reached, the next call does it.
 *
 * @param {Stores} stores
 * @param {string} now
 */
export async function confirmWipe(stores, now) {
  const confirmation = await clearAfterWipe(stores, now);
  if (confirmation) await confirm(stores, confirmation);
}

/**
 * Delete the replica; the next sync fetches it again.
 *
 * @param {Stores} stores
 * @param {"wiped" | "signed_out" | "rebuilt"} why
 * @param {string} now
 */
export async function clearReplica(stores, why, now) {
  await stores.exclusively(async () => {
    /** @type {import("../store/deletions.js").Deletion[]} */
    const journal = [];
    await stores.replica.write(async (transaction) => {
      const { run, cursor, updates, generation } = await readState(transaction);
      const entry = { cursor, at: now, journal };
      await deleteRecorded(transaction, "record", null, { why, what: "records", ...entry });
      for (const store of ["search", "stream", "part", "state"]) {
        await deleteRecorded(transaction, store, null, { why: "outdated", what: store, ...entry });
      }
      const fresh = await readState(transaction);
      // A later run, so that a page on its way to the deleted replica is discarded.
      const kept = why === "rebuilt" ? updates : [];
      const later = { run: run + 1, generation: generation + 1 };
      await writeState(transaction, { ...fresh, ...later, restart: true, updates: kept });
    });
    await stores.outbox.write((transaction) => writeJournal(transaction, journal));
  });
}

/**
 * Return the stored export of a wipe, or null.
 *
 * @param {Stores} stores
 */
export async function storedExport(stores) {
  return stores.outbox.read((transaction) => readBytes(transaction, "export", "unsent"));
}

/**
 * Delete the stored export: the rep says that the office has it.
 *
 * @param {Stores} stores
 * @param {string} now
 */
export async function discardExport(stores, now) {
  await stores.outbox.write(async (transaction) => {
    /** @type {import("../store/deletions.js").Deletion[]} */
    const journal = [];
    const entry = { what: "export", cursor: null, at: now, journal };
    await deleteRecorded(transaction, "item", ["export/unsent"], { why: "wiped", ...entry });
    await writeJournal(transaction, journal);
  });
}

/**
 * @param {Stores} stores
 * @returns {Promise<Confirmation | null>}
 */
async function pending(stores) {
  /** @type {Confirmation | null} */
  const confirmation = await stores.outbox.read((transaction) => readJson(transaction, "wipe", "current"));
  if (!confirmation) return null;
  const enrolled = await identity(stores);
  // The same device is still here: the wipe was interrupted, and the server will order it again.
  return enrolled?.device_id === confirmation.device ? null : confirmation;
}

/**
 * @param {Stores} stores
 * @param {Confirmation} confirmation
 */
async function confirm(stores, { server, wipeOrder, exported }) {
  if (wipeOrder !== null) {
    const json = JSON.stringify({ wipe_order: wipeOrder, exported });
    try {
      await new Transport(server).request("POST", "/v1/wiped", { json, bare: true });
    } catch (error) {
      const isFinal = error instanceof Problem && error.status < 500 && !TRY_AGAIN.includes(error.status);
      if (!isFinal) return;
    }
  }
  await stores.outbox.write(async (transaction) => {
    const entry = { why: /** @type {const} */ ("confirmed"), what: "wipe", cursor: null, at: "", journal: [] };
    await deleteRecorded(transaction, "item", ["wipe/current"], entry);
  });
}
