// Files of receipts: what is accepted, found out before it is stored. Photos are shrunk on the phone; what the browser
// cannot read, such as HEIC on Android, is kept as it is.

import { LIMITS } from "../device/limits.js";
import { HEAD_BYTES, mediaType } from "../device/media_type.js";

/** @typedef {"damaged" | "encrypted" | "not_readable" | "pdf_too_large" | "too_large"} ReceiptProblem */
/** @typedef {{ bytes: Uint8Array<ArrayBuffer>, filename: string }} ReceiptFile */

const LONGEST_SIDE = 1600;
const QUALITY = 0.7;
const PDF = "application/pdf";
/** Which browsers show it depends on the phone; the server can read it. */
const HEIC = "image/heic";
/** @type {Record<string, string>} */
const ENDINGS = { [PDF]: "pdf", [HEIC]: "heic", "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp" };

/**
 * Return the bytes to store and a name for them, or why the file cannot be a receipt.
 *
 * @param {File} file
 * @returns {Promise<ReceiptFile | { problem: ReceiptProblem }>}
 */
export async function receiptFile(file) {
  const type = await typeOf(file);
  const shrunk = type === PDF ? null : await shrink(file).catch(() => null);
  if (!type && !shrunk) return { problem: "not_readable" };
  if (!shrunk && type !== PDF && type !== HEIC) return { problem: "damaged" };
  const isSmaller = shrunk && (!type || shrunk.size < file.size);
  const kept = isSmaller ? shrunk : file;
  if (kept.size > LIMITS.receipt_bytes) return { problem: type === PDF ? "pdf_too_large" : "too_large" };
  const bytes = new Uint8Array(await kept.arrayBuffer());
  if (type === PDF && isEncrypted(bytes)) return { problem: "encrypted" };
  const ending = ENDINGS[mediaType(bytes) ?? ""] ?? "";
  return { bytes, filename: `${file.name.replace(/\.\w+$/, "") || "receipt"}.${ending}` };
}

/** @param {Blob} file */
async function typeOf(file) {
  return mediaType(new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer()));
}

/** @param {File} file */
async function shrink(file) {
  const bitmap = await createImageBitmap(file);
  const factor = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * factor));
  canvas.height = Math.max(1, Math.round(bitmap.height * factor));
  const context = canvas.getContext("2d");
  if (context) {
    // JPEG has no transparency: without this the paper of a transparent picture would be black.
    context.fillStyle = "white";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  }
  bitmap.close();
  return new Promise((/** @type {(blob: Blob | null) => void} */ resolve) => {
    canvas.toBlob(resolve, "image/jpeg", QUALITY);
  });
}

/** @param {Uint8Array} bytes Whether a PDF needs a password: its trailer then names an encryption dictionary. */
function isEncrypted(bytes) {
  const text = new TextDecoder("latin1").decode(bytes);
  return /\/Encrypt\s+(\d+\s+\d+\s+R|<<)/.test(text);
}
