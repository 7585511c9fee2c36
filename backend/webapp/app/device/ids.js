/** Ids of documents: ULIDs, 26 characters of Crockford's base 32, made on the device (github.com/ulid/spec). */

const DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

/**
 * Return a new ULID for the instant *milliseconds* since 1970.
 *
 * @param {number} milliseconds
 * @returns {string}
 */
export function ulid(milliseconds) {
  let time = Math.min(Math.max(0, Math.floor(milliseconds)), 2 ** 48 - 1);
  let text = "";
  for (let n = 0; n < 10; n++) {
    text = DIGITS[time % 32] + text;
    time = Math.floor(time / 32);
  }
  for (const byte of crypto.getRandomValues(new Uint8Array(16))) text += DIGITS[byte % 32];
  return text;
}

/** @param {unknown} value Say whether *value* is a ULID as the wire writes it. */
export function isUlid(value) {
  return typeof value === "string" && ULID.test(value);
}
