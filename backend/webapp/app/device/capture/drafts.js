/**
 * Drafts: what the rep is entering. A screen saves after each field, and before it opens the camera, because phones
 * kill the page while the camera is open.
 */

import { deleteRecorded, writeJournal } from "../store/deletions.js";
import { listJson, readJson, writeJson } from "../store/outbox_database.js";
import { addPhotos } from "../store/photos.js";

/**
 * @typedef {{ kind: string, body: Record<string, any>, route: string, changed_at: string, photos: string[],
 *   supersedes: string | null }} Draft
 * `route`: the screen that edits it. `photos`: the sha256 of those that were added. `supersedes`: the document of
 * which it is an edited copy.
 */

/**
 * Store a draft durably, with new photos.
 *
 * @param {import("../store/stores.js").Stores} stores
 * @param {string} id
 * @param {Omit<Draft, "changed_at">} draft
 * @param {{ now: string, photos?: import("../store/photos.js").Photo[] }} options
 */
export async function saveDraft(stores, id, draft, { now, photos = [] }) {
  await stores.outbox.write(async (transaction) => {
    await addPhotos(transaction, photos);
    const cited = [...new Set([...draft.photos, ...photos.map((photo) => photo.sha256)])];
    await writeJson(transaction, "draft", id, { ...draft, photos: cited, changed_at: now });
  });
}

/**
 * Return every draft with its id, newest last.
 *
 * @param {import("../store/stores.js").Stores} stores
 * @returns {Promise<(Draft & { id: string })[]>}
 */
export async function drafts(stores) {
  const listed = await stores.outbox.read((transaction) => listJson(transaction, "draft"));
  return listed.map(([id, draft]) => ({ ...draft, id }));
}

/**
 * Return the draft, or null.
 *
 * @param {import("../store/stores.js").Stores} stores
 * @param {string} id
 * @returns {Promise<Draft | null>}
 */
export async function draft(stores, id) {
  return stores.outbox.read((transaction) => readJson(transaction, "draft", id));
}

/**
 * Delete a draft.
 *
 * @param {import("../store/stores.js").Stores} stores
 * @param {string} id
 * @param {string} now
 */
export async function discardDraft(stores, id, now) {
  await stores.outbox.write(async (transaction) => {
    /** @type {import("../store/deletions.js").Deletion[]} */
    const journal = [];
    const entry = { what: "drafts", cursor: null, at: now, journal };
    await deleteRecorded(transaction, "item", [`draft/${id}`], { why: "draft_discarded", ...entry });
    await writeJournal(transaction, journal);
  });
}
