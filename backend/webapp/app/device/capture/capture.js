/** Capture: check what the rep entered, and freeze it as a document in the outbox, in one transaction. */

import { canonical, NotCanonical } from "../canonical.js";
import { CaptureRefused, NotPossible } from "../errors.js";
import { ulid } from "../ids.js";
import { LIMITS, SCHEMA_REVISION } from "../limits.js";
import { sha256 } from "../sha256.js";
import { dateIn, instant } from "../store/clock.js";
import { deleteRecorded, writeJournal } from "../store/deletions.js";
import { addDocument, changeProcessing } from "../store/outbox.js";
import { readJson } from "../store/outbox_database.js";
import { addPhotos, photoIds } from "../store/photos.js";
import { checkBody } from "./checks.js";
import { leftDevice, REPLACEABLE } from "./documents.js";

/** @typedef {import("../errors.js").Fault} Fault */
/** @typedef {import("../store/stores.js").Stores} Stores */
/** @typedef {import("../store/database.js").ReadTransaction} ReadTransaction */
/**
 * @typedef {{ kind: string, body: Record<string, any>, title?: string, photos?: import("../store/photos.js").Photo[],
 *   supersedes?: string | null, dependsOn?: string[], warnings?: Fault[], draft?: string | null }} Captured
 * `title`: the words by which people recognise it. `photos`: those that the body cites and that are not stored yet.
 * `supersedes`: a document that this one replaces. `draft`: the draft that it was made of, which is deleted.
 */
/**
 * @typedef {{ rep: string, now: number, zone: string, contract: import("./checks.js").Contract | null }} Author
 * now: milliseconds; zone: IANA name; contract: what is checked
 */

const REFERENCE = /^sha256:([0-9a-f]{64})$/;

/**
 * Store a document durably and return its id; after this returns it is safe to say "saved".
 *
 * @param {Stores} stores
 * @param {Captured} captured
 * @param {Author} author
 * @returns {Promise<string>}
 * @throws {CaptureRefused} with all faults; nothing is stored then, and the draft stays
 */
export async function capture(stores, captured, { rep, now, zone, contract }) {
  const { kind, body, title = "", photos = [], dependsOn = [], draft = null } = captured;
  const bytes = canonicalBody(body);
  const checked = await checkBody(stores, contract, kind, body, { rep, today: dateIn(now, zone) });
  if (checked.faults.length) throw new CaptureRefused(checked.faults);
  const warnings = [...checked.warnings, ...(captured.warnings ?? [])];
  const needs = [...new Set([...citedPhotos(body), ...photos.map((photo) => photo.sha256)])].sort();
  const ancestor = captured.supersedes ? await replicaState(stores, captured.supersedes) : null;
  const id = ulid(now);
  await stores.outbox.write(async (transaction) => {
    const available = await photoIds(transaction);
    for (const photo of photos) available.add(photo.sha256);
    /** @type {Fault[]} */
    const faults = needs
      .filter((reference) => !available.has(reference))
      .map((reference) =>
        fault("receipt_required", "needs", `${reference} is not on this device; add its file`),
      );
    const replaced = await resolveSuperseded(transaction, captured.supersedes ?? null, ancestor, faults);
    if (faults.length) throw new CaptureRefused(faults);
    const submission = {
      id,
      kind,
      captured_at: instant(now),
      zone,
      schema: SCHEMA_REVISION,
      body,
      sha256: sha256(bytes),
      needs: needs.map((reference) => `sha256:${reference}`),
      depends_on: dependsOn,
      supersedes: replaced.id,
    };
    await addPhotos(transaction, photos);
    await addDocument(transaction, id, canonical(submission), {
      rep,
      kind,
      title,
      captured_at: submission.captured_at,
      sha256: submission.sha256,
      supersedes: replaced.id,
      photos: needs,
      warnings,
    });
    for (const dismissed of replaced.dismissed) {
      const change = { dismissed: true, due: false, final_at: submission.captured_at };
      await changeProcessing(transaction, dismissed, () => change);
    }
    if (draft) {
      /** @type {import("../store/deletions.js").Deletion[]} */
      const journal = [];
      const entry = { what: "drafts", cursor: null, at: submission.captured_at, journal };
      await deleteRecorded(transaction, "item", [`draft/${draft}`], { why: "draft_saved", ...entry });
      await writeJournal(transaction, journal);
    }
  });
  return id;
}

/**
 * Return the sha256 of each photo that *value* cites as `sha256:…`, at any depth.
 *
 * @param {unknown} value
 * @returns {Generator<string>}
 */
export function* citedPhotos(value) {
  if (typeof value === "string") {
    const match = REFERENCE.exec(value);
    if (match?.[1]) yield match[1];
  } else if (value && typeof value === "object") {
    for (const inner of Object.values(value)) yield* citedPhotos(inner);
  }
}

/**
 * @param {Record<string, any>} body
 * @returns {Uint8Array}
 */
function canonicalBody(body) {
  let bytes;
  try {
    bytes = canonical(body);
  } catch (error) {
    if (!(error instanceof NotCanonical)) throw error;
    throw new CaptureRefused([fault("not_canonical", error.path, error.reason)]);
  }
  if (bytes.length > LIMITS.submission_bytes) {
    const message = `has ${bytes.length} bytes; at most ${LIMITS.submission_bytes} are allowed`;
    throw new CaptureRefused([fault("submission_too_large", "", message)]);
  }
  return bytes;
}

/**
 * Return the id to name in `supersedes`, or null, and the documents to dismiss; may add to *faults*.
 *
 * A document that the server never accepted cannot be named. It is dismissed, and the document that it was to
 * replace is named in its place: the server may execute that one.
 *
 * @param {ReadTransaction} transaction
 * @param {string | null} supersedes
 * @param {string | null} ancestorState of *supersedes* in the replica
 * @param {Fault[]} faults
 */
async function resolveSuperseded(transaction, supersedes, ancestorState, faults) {
  const dismissed = [];
  let id = supersedes;
  while (id !== null) {
    const own = await readJson(transaction, "processing", id);
    if (own && !leftDevice(own)) {
      dismissed.push(id);
      id = own.supersedes;
      continue;
    }
    if (!own && ancestorState === null && id === supersedes) {
      faults.push(fault("unknown_record", "supersedes", `there is no document ${id}`));
    }
    const state = own ? own.state : id === supersedes ? ancestorState : null;
    if (state !== null && !REPLACEABLE.includes(state)) {
      faults.push(fault("too_late", "supersedes", `can no longer be changed here (${state}); ask the office`));
    }
    break;
  }
  return { id, dismissed };
}

/**
 * @param {Stores} stores
 * @param {string} id
 * @returns {Promise<string | null>}
 */
async function replicaState(stores, id) {
  const row = await stores.replica.read((transaction) =>
    transaction.objectStore("record").get(["submissions", id]),
  );
  return row ? String(row.record.state) : null;
}

/**
 * @param {string} code
 * @param {string} field
 * @param {string} message
 * @returns {Fault}
 */
function fault(code, field, message) {
  return { code, field, message };
}

/** @param {string} id */
export function noDocument(id) {
  return new NotPossible("no_document", `There is no document ${id}.`);
}
