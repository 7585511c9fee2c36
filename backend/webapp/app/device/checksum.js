/**
 * Checksums: the hash of a row, and the count and sum of rows.
 *
 * The hash of a row is the first 64 bits of the SHA-256 of the canonical JSON of `[collection, key, record]`. It is
 * kept in two halves of 32 bits: the sum of a million halves is exact in a number, and needs no BigInt per row.
 */

import { canonicalText } from "./canonical.js";
import { sha256Words } from "./sha256.js";

/** @typedef {{ high: number, low: number }} RowHash Two halves of 32 bits. */
/** @typedef {{ count: number, high: number, low: number }} Checksum Rows, and the sum of their halves. */
/** @typedef {{ count: number, sum: string }} ChecksumJson On the wire: 16 hexadecimal digits. */

const WORD = 2 ** 32;
const encoder = new TextEncoder();

/** @type {Readonly<Checksum>} */
export const EMPTY = Object.freeze({ count: 0, high: 0, low: 0 });

/**
 * Return the hash of *record*.
 *
 * @param {string} collection
 * @param {string} key
 * @param {unknown} record
 * @returns {RowHash}
 * @throws {import("./canonical.js").NotCanonical}
 */
export function recordHash(collection, key, record) {
  const text = `[${JSON.stringify(collection)},${JSON.stringify(key)},${canonicalText(record)}]`;
  const [high, low] = /** @type {[number, number]} */ (
    /** @type {unknown} */ (sha256Words(encoder.encode(text)))
  );
  return { high, low };
}

/**
 * Return *sum* with *hash* added (*sign* 1) or taken away (*sign* -1).
 *
 * @param {Readonly<Checksum>} sum
 * @param {RowHash} hash
 * @param {1 | -1} sign
 * @returns {Checksum}
 */
export function withRow(sum, hash, sign = 1) {
  return { count: sum.count + sign, high: sum.high + sign * hash.high, low: sum.low + sign * hash.low };
}

/**
 * Return the sum of *sums*.
 *
 * @param {Iterable<Readonly<Checksum>>} sums
 * @returns {Checksum}
 */
export function total(sums) {
  const result = { ...EMPTY };
  for (const sum of sums) {
    result.count += sum.count;
    result.high += sum.high;
    result.low += sum.low;
  }
  return result;
}

/**
 * Return a hash or sum as 16 hexadecimal digits, modulo 2^64.
 *
 * @param {RowHash} hash
 * @returns {string}
 */
export function hashText({ high, low }) {
  const carry = Math.floor(low / WORD);
  return half(high + carry) + half(low);
}

/**
 * Return *sum* in its wire form.
 *
 * @param {Readonly<Checksum>} sum
 * @returns {ChecksumJson}
 */
export function asWire(sum) {
  return { count: sum.count, sum: hashText(sum) };
}

/**
 * Say whether *sum* is the checksum *wire*.
 *
 * @param {Readonly<Checksum>} sum
 * @param {ChecksumJson} wire
 */
export function equals(sum, wire) {
  return sum.count === wire.count && hashText(sum) === wire.sum;
}

/** @param {number} value */
function half(value) {
  return (((value % WORD) + WORD) % WORD).toString(16).padStart(8, "0");
}
