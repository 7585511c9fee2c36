/**
 * Photos and PDFs of receipts: their bytes in the outbox, by sha256.
 *
 * A photo is stored in the transaction of the draft or document that cites it, so after a power cut a document is
 * there with all its photos, or not at all.
 */

import { ReceiptRefused } from "../errors.js";
import { LIMITS } from "../limits.js";
import { mediaType } from "../media_type.js";
import { sha256 } from "../sha256.js";
import { listIds, readBytes, readJson, writeBytes, writeJson } from "./outbox_database.js";

/** @typedef {{ bytes: Uint8Array<ArrayBuffer>, filename: string, filetype: string, sha256: string }} Photo */
/**
 * @typedef {{ filename: string, filetype: string, bytes: number, upload: string | null, uploaded: boolean,
 *   arrived?: number, error: string | null }} PhotoInfo
 * `upload`: the path of an upload that has begun. `arrived`: the bytes of it that the server has confirmed.
 */

/**
 * Return *bytes* as a photo.
 *
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {string} filename
 * @returns {Photo}
 * @throws {ReceiptRefused} if its type or size is not allowed
 */
export function photoOf(bytes, filename) {
  const filetype = mediaType(bytes);
  if (!filetype) {
    throw new ReceiptRefused(
      "receipt_type",
      `${filename} is not a JPEG, PNG, HEIC, WebP or PDF. Choose another file.`,
    );
  }
  if (bytes.length > LIMITS.receipt_bytes) {
    throw new ReceiptRefused("receipt_too_large", `${filename} is too large.`, `${bytes.length} bytes`);
  }
  return { bytes, filename, filetype, sha256: sha256(bytes) };
}

/**
 * Store *photos*; those that are stored already stay as they are.
 *
 * @param {import("./database.js").WriteTransaction} transaction
 * @param {Photo[]} photos
 */
export async function addPhotos(transaction, photos) {
  for (const { bytes, filename, filetype, sha256: id } of photos) {
    if (await readJson(transaction, "photo_info", id)) continue;
    await writeBytes(transaction, "photo", id, bytes);
    /** @type {PhotoInfo} */
    const info = { filename, filetype, bytes: bytes.length, upload: null, uploaded: false, error: null };
    await writeJson(transaction, "photo_info", id, info);
  }
}

/**
 * Return the sha256 of every stored photo.
 *
 * @param {import("./database.js").ReadTransaction} transaction
 */
export async function photoIds(transaction) {
  return new Set(await listIds(transaction, "photo_info"));
}

/**
 * Return the bytes of a stored photo with what is known of it, or null.
 *
 * @param {import("./database.js").ReadTransaction} transaction
 * @param {string} id Its sha256.
 * @returns {Promise<(PhotoInfo & { content: Uint8Array<ArrayBuffer> }) | null>}
 */
export async function readPhoto(transaction, id) {
  const info = await readJson(transaction, "photo_info", id);
  const content = info && (await readBytes(transaction, "photo", id));
  return content ? { ...info, content } : null;
}
