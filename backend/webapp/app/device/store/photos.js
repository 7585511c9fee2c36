/**
 * Photos and PDFs of receipts: their bytes in the outbox, by sha256.
 *
 * A photo is stored in the transaction of the draft or document that cites it, so after a power cut a document is
 * there with all its photos, or not at all.
 */

import { ReceiptRefused } from "../errors.js";
import { LIMITS } from "../limits.js";
import { sha256 } from "../sha256.js";
import { listIds, readJson, writeBytes, writeJson } from "./outbox_database.js";

/** @typedef {{ bytes: Uint8Array<ArrayBuffer>, filename: string, filetype: string, sha256: string }} Photo */
/**
 * @typedef {{ filename: string, filetype: string, bytes: number, upload: string | null, uploaded: boolean,
 *   error: string | null }} PhotoInfo `upload`: the path of an upload that has begun.
 */

const HEIC_BRANDS = ["heic", "heix", "heif", "heim", "heis", "hevc", "hevx", "mif1", "msf1"];

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
 * Return the media type by the first bytes, as the server finds it, or null.
 *
 * @param {Uint8Array} bytes
 * @returns {string | null}
 */
export function mediaType(bytes) {
  const head = String.fromCharCode(...bytes.subarray(0, 16));
  if (head.startsWith("\xff\xd8\xff")) return "image/jpeg";
  if (head.startsWith("\x89PNG\r\n\x1a\n")) return "image/png";
  if (head.startsWith("%PDF-")) return "application/pdf";
  if (head.startsWith("RIFF") && head.slice(8, 12) === "WEBP") return "image/webp";
  if (head.slice(4, 8) === "ftyp" && HEIC_BRANDS.includes(head.slice(8, 12))) return "image/heic";
  return null;
}
