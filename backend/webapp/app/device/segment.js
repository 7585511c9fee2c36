/** Segments: one key range of a stream as a column-major, compressed file (docs/protocol.md, Segments). */

import * as columns from "./columns.js";
import { ContractBroken } from "./errors.js";
import { LIMITS } from "./limits.js";

/** @typedef {import("./page.js").Offer} Offer */

const VERSION = 1;

/**
 * Return the records in *data*, ascending by key: the file of *offer*, whose sha256 has been checked.
 *
 * @param {Offer} offer
 * @param {Uint8Array<ArrayBuffer>} data
 * @returns {Promise<{ keys: string[], records: Record<string, any>[] }>}
 * @throws {ContractBroken} if it is not the segment that was offered
 */
export async function readSegment(offer, data) {
  try {
    return readValue(offer, JSON.parse(await inflated(data)));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ContractBroken(`segment ${offer.sha256} cannot be used: ${reason}`);
  }
}

/**
 * @param {Offer} offer
 * @param {any} value
 */
function readValue(offer, value) {
  if (value.v !== VERSION) throw new TypeError(`it has version ${value.v}`);
  for (const name of /** @type {const} */ (["channel", "collection", "from", "to"])) {
    if (value[name] !== offer[name]) throw new TypeError(`its ${name} is ${value[name]}, not ${offer[name]}`);
  }
  const counts = new Set(Object.values(value.columns).map(columns.count));
  if (counts.size !== 1) throw new TypeError("its columns have different lengths");
  /** @type {string[]} */
  const keys = columns.values(value.columns[value.key]);
  if (keys.length !== offer.rows) throw new TypeError(`it has ${keys.length} rows instead of ${offer.rows}`);
  keys.forEach((key, n) => {
    const isInRange = key >= offer.from && (offer.to === null || key < offer.to);
    if (typeof key !== "string" || !isInRange || (n > 0 && key <= /** @type {string} */ (keys[n - 1]))) {
      throw new TypeError("its keys are out of range or out of order");
    }
  });
  const records = columns.records(value.columns);
  for (const [name, missing] of Object.entries(value.absent)) {
    if (!(name in value.columns) || !Array.isArray(missing)) throw new TypeError(`\`absent\` names ${name}`);
    for (const n of missing) {
      const record = records[n];
      if (!record || !(name in record)) throw new TypeError(`\`absent\` of ${name} names row ${n}`);
      delete record[name];
    }
  }
  return { keys, records };
}

/** @param {Uint8Array<ArrayBuffer>} data */
async function inflated(data) {
  const plain = new Blob([data]).stream().pipeThrough(new DecompressionStream("gzip"));
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let size = 0;
  const reader = plain.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.length;
    if (size > LIMITS.segment_plain_bytes) throw new TypeError("it inflates to too many bytes");
    text += decoder.decode(value, { stream: true });
  }
}
