/** The outbox as the rep sees it: each document with its stage, the server's record and its body. */

import { NotPossible } from "../errors.js";
import { changeProcessing, processings, REFUSED, SUSPICIOUS, TOO_LARGE } from "../store/outbox.js";
import { listJson, readBytes, readJson } from "../store/outbox_database.js";

/** @typedef {import("../store/outbox.js").Processing} Processing */
/** @typedef {import("../store/stores.js").Stores} Stores */
/**
 * @typedef {Processing & { id: string, stage: string, needsRep: boolean, group: "phone" | "way" | "settled",
 *   missing: string[], bytes: number, arrived: number, erpNumber: string | null, reason: string | null, reasonCode: string | null,
 *   parameters: Record<string, any>, decision: string | null, supersededBy: string | null,
 *   body: Record<string, any> }} Document
 * `stage`: `on_device`, `dismissed`, a mark, a push status or a state of the server. `missing`: photos that are not
 * on the server yet, by sha256. `bytes`: those of the photos that can be sent; `arrived`: what the server has confirmed.
 */

/** States in which a newer document may supersede this one. */
export const REPLACEABLE = ["received", "awaiting_approval", "queued", "rejected", "parked"];
const SETTLED = ["accepted", "withdrawn", "superseded", "cancelled", "dismissed"];
const decoder = new TextDecoder();

/**
 * Return the whole outbox, oldest first.
 *
 * @param {Stores} stores
 * @returns {Promise<Document[]>}
 */
export async function documents(stores) {
  const { listed, photos, bodies } = await stores.outbox.read(async (transaction) => {
    const all = await processings(transaction);
    const frozen = await Promise.all(all.map(([id]) => readBytes(transaction, "document", id)));
    return { listed: all, photos: new Map(await listJson(transaction, "photo_info")), bodies: frozen };
  });
  const records = await stores.replica.read((transaction) =>
    Promise.all(listed.map(([id]) => transaction.objectStore("record").get(["submissions", id]))),
  );
  return listed.map(([id, processing], n) => {
    const frozen = bodies[n];
    const body = frozen ? JSON.parse(decoder.decode(frozen)).body : {};
    return present(id, processing, { body, photos, record: records[n]?.record ?? {} });
  });
}

/**
 * Return one document, or null.
 *
 * @param {Stores} stores
 * @param {string} id
 */
export async function document(stores, id) {
  return (await documents(stores)).find((item) => item.id === id) ?? null;
}

/**
 * Say whether the server may have accepted it: a push was begun, and was not refused with faults.
 *
 * @param {Processing} processing
 */
export function leftDevice({ attempts, state, errors }) {
  return attempts > 0 && !(state === null && errors.length > 0);
}

/** @param {Processing} processing */
export function stageOf({ dismissed, mark, due, state, status }) {
  if (dismissed) return "dismissed";
  if (mark) return mark;
  if (due) return "on_device";
  return state ?? status ?? "on_device";
}

/**
 * Dismiss a document that never left the device, or that the server refused: the ERP will not get it.
 *
 * @param {Stores} stores
 * @param {string} id
 * @param {string} now
 * @throws {NotPossible} for other documents
 */
export async function dismiss(stores, id, now) {
  await stores.outbox.write(async (transaction) => {
    const own = await readJson(transaction, "processing", id);
    if (!own) throw new NotPossible("no_document", `There is no document ${id}.`);
    const stage = stageOf(own);
    if (own.attempts > 0 && !needsRep(stage) && stage !== "quarantined") {
      throw new NotPossible(
        "too_late_to_dismiss",
        "This document may be on its way. Ask the office to stop it.",
        stage,
      );
    }
    await changeProcessing(transaction, id, () => ({ dismissed: true, due: false, mark: null, final_at: now }));
  });
}

/**
 * Take back the dismissal of a document: it is due again, or refused as it was before.
 *
 * @param {Stores} stores
 * @param {string} id
 * @throws {NotPossible} if another document has taken its place
 */
export async function restore(stores, id) {
  await stores.outbox.write(async (transaction) => {
    for (const [, { supersedes, dismissed }] of await processings(transaction)) {
      if (supersedes === id && !dismissed) {
        throw new NotPossible("replaced_already", "A newer version has replaced this document.");
      }
    }
    await changeProcessing(transaction, id, ({ dismissed, state, errors }) => {
      if (!dismissed) return null;
      return { dismissed: false, due: state === null && errors.length === 0, final_at: null };
    });
  });
}

/**
 * Push a document again that is no longer pushed; the server answers `duplicate` if it has it.
 *
 * @param {Stores} stores
 * @param {string} id
 */
export async function retryPush(stores, id) {
  const change = { due: true, mark: null, failures: 0, errors: [] };
  await stores.outbox.write((transaction) => changeProcessing(transaction, id, () => change));
}

/**
 * Send the photos of a document also over a line for which they would wait.
 *
 * @param {Stores} stores
 * @param {string} id
 */
export async function sendReceipts(stores, id) {
  await stores.outbox.write((transaction) => changeProcessing(transaction, id, () => ({ any_line: true })));
}

/**
 * @param {string} id
 * @param {Processing} processing
 * @param {{ body: Record<string, any>, photos: Map<string, any>, record: Record<string, any> }} known
 * @returns {Document}
 */
function present(id, processing, { body, photos, record }) {
  const stage = stageOf(processing);
  const sendable = processing.photos.map((sha256) => photos.get(sha256)).filter((info) => info && !info.error);
  return {
    ...processing,
    id,
    stage,
    needsRep: needsRep(stage),
    group: stage === "on_device" || needsRep(stage) ? "phone" : SETTLED.includes(stage) ? "settled" : "way",
    missing: processing.photos.filter((sha256) => !photos.get(sha256)?.uploaded),
    bytes: sendable.reduce((sum, info) => sum + info.bytes, 0),
    arrived: sendable.reduce((sum, info) => sum + (info.uploaded ? info.bytes : (info.arrived ?? 0)), 0),
    erpNumber: record.erp_number ?? null,
    reason: record.reason ?? null,
    reasonCode: record.reason_code ?? null,
    parameters: record.parameters ?? {},
    supersededBy: record.superseded_by ?? null,
    // This device may have newer information than the record.
    decision: stage === record.state ? (record.decision ?? null) : null,
    body,
  };
}

/** @param {string} stage Say whether the rep must do something about a document at *stage*. */
function needsRep(stage) {
  return [SUSPICIOUS, TOO_LARGE, REFUSED, "rejected"].includes(stage);
}
