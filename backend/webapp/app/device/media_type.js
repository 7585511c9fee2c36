/** What a file is by its first bytes, as the server finds it (`sync_protocol/receipt_types.py`). */

const HEIC_BRANDS = ["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"];
/** As many bytes as the types below need. */
export const HEAD_BYTES = 16;

/**
 * Return the media type of a photo or PDF, or null.
 *
 * @param {Uint8Array} bytes
 * @returns {string | null}
 */
export function mediaType(bytes) {
  const head = String.fromCharCode(...bytes.subarray(0, HEAD_BYTES));
  if (head.startsWith("\xff\xd8\xff")) return "image/jpeg";
  if (head.startsWith("\x89PNG\r\n\x1a\n")) return "image/png";
  if (head.startsWith("%PDF-")) return "application/pdf";
  if (head.startsWith("RIFF") && head.slice(8, 12) === "WEBP") return "image/webp";
  if (head.slice(4, 8) === "ftyp" && HEIC_BRANDS.includes(head.slice(8, 12))) return "image/heic";
  return null;
}
