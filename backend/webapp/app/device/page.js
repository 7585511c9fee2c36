/** Reads a page of the feed and checks it, before any of it is applied to the replica. */

import { ContractBroken } from "./errors.js";
import { LIMITS } from "./limits.js";

/** @typedef {{ channel: string, collection: string }} Stream */
/** @typedef {Stream & { key: string, position: number, record: Record<string, any> }} PutRow */
/** @typedef {Stream & { key: string, position: number }} GoneRow */
/**
 * @typedef {Stream & { from: string, to: string | null, priority: number, sha256: string, bytes: number, rows: number,
 *   position: number, url: string | null }} Offer A segment that a page offers instead of rows.
 */
/** @typedef {import("./checksum.js").ChecksumJson} ChecksumJson */
/**
 * @typedef {{ epoch: string, cursor: string, complete: boolean, head: number, reset: string | null, drop: Stream[],
 *   put: PutRow[], gone: GoneRow[], offers: Offer[], thenCursor: string | null, check: ChecksumJson | null,
 *   serverTime: string, pollAfter: number, etag: string | null }} Page
 */

export const RESET_EPOCH = "epoch_changed";
export const RESET_REBASE = "epoch_rebased";
const HASH = /^[0-9a-f]{16}$/;
const SHA256 = /^[0-9a-f]{64}$/;

/** The field with the key of a collection's records; all collections use the same. */
const KEY_FIELD = "id";

/**
 * Return the page in *value*, decoded JSON; *etag* came with it.
 *
 * @param {any} value
 * @param {string | null} etag
 * @returns {Page}
 * @throws {ContractBroken} if it is not a valid page
 */
export function readPage(value, etag) {
  if (typeof value?.complete !== "boolean")
    throw new ContractBroken("the page does not say whether it is complete");
  const offers = list(value.segments, "segments").map(readOffer);
  const thenCursor = textOrNull(value.then, "then");
  const check = value.check === null ? null : readChecksum(value.check);
  if (offers.length > 0 !== (thenCursor !== null) || (offers.length > 0 && value.complete)) {
    throw new ContractBroken("a page has `segments` and `then`, or neither; it is not complete if it has them");
  }
  const starts = new Set(offers.map((offer) => JSON.stringify([offer.channel, offer.collection, offer.from])));
  if (starts.size < offers.length) throw new ContractBroken("the page offers a key range twice");
  if (value.complete !== (check !== null)) {
    throw new ContractBroken("a page has `check` if it is complete, and only then");
  }
  /** @type {PutRow[]} */
  const put = [];
  /** @type {GoneRow[]} */
  const gone = [];
  for (const changes of list(value.changes, "changes")) {
    const stream = readStream([changes?.channel, changes?.collection]);
    for (const entry of list(changes.put, "put")) put.push(readPut(stream, entry));
    for (const entry of list(changes.gone, "gone")) {
      const [position, key] = readPair(entry);
      gone.push({ ...stream, position, key: text(key, "key of a tombstone") });
    }
  }
  if (![null, RESET_EPOCH, RESET_REBASE].includes(value.reset)) throw new ContractBroken("an unknown reset");
  return {
    epoch: text(value.epoch, "epoch"),
    cursor: text(value.cursor, "cursor"),
    complete: value.complete,
    head: natural(value.head, "head"),
    reset: value.reset,
    drop: list(value.drop, "drop").map(readStream),
    put,
    gone,
    offers,
    thenCursor,
    check,
    serverTime: instant(value.server_time),
    pollAfter: natural(value.poll_after, "poll_after"),
    etag,
  };
}

/**
 * Return the put in *entry*, `[position, record]`.
 *
 * @param {Stream} stream
 * @param {unknown} entry
 * @returns {PutRow}
 */
export function readPut(stream, entry) {
  const [position, record] = readPair(entry);
  const key = record?.[KEY_FIELD];
  if (typeof key !== "string" || Array.isArray(record)) {
    throw new ContractBroken(`a record of ${stream.collection} has no ${KEY_FIELD}`);
  }
  return { channel: stream.channel, collection: stream.collection, key, position, record };
}

/**
 * Return the stream in *pair*, `[channel, collection]`.
 *
 * @param {unknown} pair
 * @returns {Stream}
 */
export function readStream(pair) {
  if (!Array.isArray(pair) || pair.length !== 2)
    throw new ContractBroken("a stream is not [channel, collection]");
  return { channel: text(pair[0], "channel"), collection: text(pair[1], "collection") };
}

/**
 * Return the checksum in *value*.
 *
 * @param {any} value
 * @returns {ChecksumJson}
 */
export function readChecksum(value) {
  if (!HASH.test(value?.sum)) throw new ContractBroken("a checksum has no valid sum");
  return { count: natural(value.count, "count"), sum: value.sum };
}

/**
 * @param {unknown} value
 * @param {string} name
 * @returns {any[]}
 */
export function list(value, name) {
  if (!Array.isArray(value)) throw new ContractBroken(`\`${name}\` is not a list`);
  return value;
}

/**
 * @param {unknown} value
 * @param {string} name
 * @returns {string}
 */
export function text(value, name) {
  if (typeof value !== "string") throw new ContractBroken(`\`${name}\` is not text`);
  return value;
}

/**
 * @param {unknown} value
 * @param {string} name
 */
export function textOrNull(value, name) {
  return value === null ? null : text(value, name);
}

/**
 * @param {any} value
 * @returns {Offer}
 */
function readOffer(value) {
  const stream = readStream([value?.channel, value?.collection]);
  const [bytes, position] = [natural(value.bytes, "bytes"), natural(value.position, "position")];
  if (!SHA256.test(value.sha256) || !bytes || bytes > LIMITS.segment_plain_bytes || !position) {
    throw new ContractBroken(`segment ${value.sha256} is offered with an impossible name, size or position`);
  }
  return {
    ...stream,
    from: text(value.from, "from"),
    to: textOrNull(value.to, "to"),
    priority: natural(value.priority, "priority"),
    sha256: value.sha256,
    bytes,
    rows: natural(value.rows, "rows"),
    position,
    url: textOrNull(value.url, "url"),
  };
}

/**
 * @param {unknown} entry
 * @returns {[number, any]}
 */
function readPair(entry) {
  if (Array.isArray(entry) && entry.length === 2 && Number.isSafeInteger(entry[0]) && entry[0] > 0) {
    return [entry[0], entry[1]];
  }
  throw new ContractBroken("a change is not [position, value]");
}

/**
 * @param {unknown} value
 * @param {string} name
 * @returns {number}
 */
function natural(value, name) {
  if (Number.isSafeInteger(value) && Number(value) >= 0) return Number(value);
  throw new ContractBroken(`\`${name}\` is not a whole number`);
}

/** @param {unknown} value */
function instant(value) {
  const moment = text(value, "server_time");
  if (!moment.endsWith("Z") || Number.isNaN(Date.parse(moment)))
    throw new ContractBroken(`${moment} is no instant`);
  return moment;
}
