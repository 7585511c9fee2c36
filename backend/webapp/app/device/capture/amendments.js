/**
 * What a rep may still do with a captured document: withdraw it, edit it, or ask the office to change it.
 *
 * A document that never left the device is dismissed here. For any other one a document of its own is captured; the
 * next sync sends it, and it gets its own result. Only the server knows whether it is too late.
 */

import { NotPossible } from "../errors.js";
import { instant } from "../store/clock.js";
import { capture, noDocument } from "./capture.js";
import { dismiss, document, leftDevice, REPLACEABLE } from "./documents.js";

/** @typedef {import("../store/stores.js").Stores} Stores */
/** @typedef {import("./capture.js").Author} Author */

/**
 * Withdraw the document *id*; return the id of the withdrawal, or its own id if it never left the device.
 *
 * @param {Stores} stores
 * @param {{ id: string, reason: string | null, title: string }} request
 * @param {Author} author
 */
export async function withdraw(stores, { id, reason, title }, author) {
  const own = await document(stores, id);
  if (own && !leftDevice(own)) {
    await dismiss(stores, id, instant(author.now));
    return id;
  }
  if ((await stateOf(stores, id, own)) === "withdrawn") {
    throw new NotPossible("withdrawn_already", "This document has been withdrawn already.");
  }
  const body = { submission_id: id, reason };
  return capture(stores, { kind: "withdrawal", body, supersedes: id, title }, author);
}

/**
 * Ask the office to change or cancel (*action*) the document *id* in the ERP; return the id of the request.
 *
 * @param {Stores} stores
 * @param {{ id: string, action: "change" | "cancel", message: string, title: string }} request
 * @param {Author} author
 */
export async function requestChange(stores, { id, action, message, title }, author) {
  const state = await stateOf(stores, id, await document(stores, id));
  if (state === null || (REPLACEABLE.includes(state) && state !== "parked")) {
    throw new NotPossible(
      "not_sent_yet",
      "This document has not been sent to the ERP. Withdraw it, or edit it.",
    );
  }
  const body = { submission_id: id, action, message };
  return capture(stores, { kind: "change_request", body, title }, author);
}

/**
 * Return kind and body of the document *id*, for the rep to edit a copy that supersedes it.
 *
 * @param {Stores} stores
 * @param {string} id
 * @returns {Promise<{ kind: string, body: Record<string, any> }>}
 */
export async function editableBody(stores, id) {
  const own = await document(stores, id);
  if (own) return { kind: own.kind, body: own.body };
  const { kind, body } = await submission(stores, id);
  return { kind, body };
}

/**
 * @param {Stores} stores
 * @param {string} id
 * @param {import("./documents.js").Document | null} own
 * @returns {Promise<string | null>}
 */
async function stateOf(stores, id, own) {
  return own ? own.state : String((await submission(stores, id)).state);
}

/**
 * @param {Stores} stores
 * @param {string} id
 * @returns {Promise<Record<string, any>>}
 */
async function submission(stores, id) {
  const row = await stores.replica.read((transaction) =>
    transaction.objectStore("record").get(["submissions", id]),
  );
  if (!row) throw noDocument(id);
  return row.record;
}
