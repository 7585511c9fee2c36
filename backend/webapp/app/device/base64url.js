/** Base64 for URLs, without padding (RFC 4648, section 5). */

/**
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function encode(bytes) {
  return base64(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/**
 * Return *bytes* as ordinary base64, with padding.
 *
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function base64(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
