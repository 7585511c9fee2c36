// Files of receipts: what is accepted, found out before it is stored. Photos are shrunk on the phone; what the browser
// cannot read, such as HEIC on Android, is kept as it is.

import { LIMITS } from "../device/limits.js";

/** @typedef {"receipt_too_large" | "receipt_not_readable" | "receipt_encrypted"} ReceiptProblem */
/** @typedef {{ bytes: Uint8Array<ArrayBuffer>, filename: string }} ReceiptFile */

const LONGEST_SIDE = 1600;
const QUALITY = 0.7;
const HEAD = 12;
const HEIC_BRANDS = ["heic", "heix", "hevc", "heim", "heis", "mif1", "msf1"];

/**
 * Return the bytes to store and a name for them, or why the file cannot be a receipt.
 *
 * @param {File} file
 * @returns {Promise<ReceiptFile | { problem: ReceiptProblem }>}
 */
export async function receiptFile(file) {
  const shrunk = await shrink(file).catch(() => null);
  const smaller = shrunk && shrunk.size < file.size ? shrunk : file;
  if (smaller.size > LIMITS.receipt_bytes) return { problem: "receipt_too_large" };
  const bytes = new Uint8Array(await smaller.arrayBuffer());
  const type = typeOf(bytes);
  if (type === null) return { problem: "receipt_not_readable" };
  if (type === "pdf" && isEncrypted(bytes)) return { problem: "receipt_encrypted" };
  return { bytes, filename: `${file.name.replace(/\.\w+$/, "") || "receipt"}.${type}` };
}

/** @param {File} file */
async function shrink(file) {
  const bitmap = await createImageBitmap(file);
  const factor = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(bitmap.width * factor);
  canvas.height = Math.round(bitmap.height * factor);
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return new Promise((/** @type {(blob: Blob | null) => void} */ resolve) => {
    canvas.toBlob(resolve, "image/jpeg", QUALITY);
  });
}

/**
 * Return the extension for the type of a file, by its first bytes; null if it is neither a photo nor a PDF.
 *
 * @param {Uint8Array} bytes
 */
export function typeOf(bytes) {
  const head = String.fromCharCode(...bytes.subarray(0, HEAD));
  if (head.startsWith("\xff\xd8\xff")) return "jpg";
  if (head.startsWith("\x89PNG\r\n")) return "png";
  if (head.startsWith("RIFF") && head.slice(8) === "WEBP") return "webp";
  if (head.slice(4, 8) === "ftyp" && HEIC_BRANDS.includes(head.slice(8))) return "heic";
  return head.startsWith("%PDF-") ? "pdf" : null;
}

/** @param {Uint8Array} bytes Whether a PDF needs a password: its trailer then names an encryption dictionary. */
function isEncrypted(bytes) {
  const text = new TextDecoder("latin1").decode(bytes);
  return /\/Encrypt\s+(\d+\s+\d+\s+R|<<)/.test(text);
}
