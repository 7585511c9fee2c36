/** The part of a segment that has arrived: pieces in the replica's database, which survive a broken connection. */

import { Damaged } from "../errors.js";
import { sha256 } from "../sha256.js";
import { deleteRecorded } from "./deletions.js";

/** @typedef {import("./stores.js").Stores} Stores */

/** Pieces are written when they have this many bytes; smaller ones would cost a transaction per packet. */
const PIECE_BYTES = 32 * 1024;

/** The part that has arrived of the segment *sha256*, which has *bytes* bytes when complete. */
export class Part {
  /**
   * @param {Stores} stores
   * @param {string} sha256
   * @param {number} bytes
   * @param {boolean} tagged the server sends the segment's name as its ETag, so that If-Range can be used
   */
  constructor(stores, sha256, bytes, tagged) {
    this._stores = stores;
    this.sha256 = sha256;
    this.bytes = bytes;
    this._tagged = tagged;
  }

  /** Return how many bytes have arrived. */
  async size() {
    const keys = await this._stores.replica.read((transaction) =>
      transaction.objectStore("part").getAll(rangeOf(this.sha256)),
    );
    return keys.reduce((/** @type {number} */ sum, /** @type {any} */ piece) => sum + piece.bytes.length, 0);
  }

  /** Return the headers that ask for the missing bytes (RFC 9110, section 14). */
  async rangeHeaders() {
    const size = await this.size();
    /** @type {Record<string, string>} */
    const headers = {};
    if (size) {
      headers.Range = `bytes=${size}-`;
      if (this._tagged) headers["If-Range"] = `"${this.sha256}"`;
    }
    return headers;
  }

  /**
   * Return a writer of the pieces of a reply, in their order.
   *
   * @param {number} status
   * @param {Headers} headers
   * @param {(size: number) => void} onPiece
   */
  writer(status, headers, onPiece) {
    return new PartWriter(this, this._stores, { status, headers, onPiece });
  }

  /**
   * Return the complete file; deletes it if its sha256 is not its name.
   *
   * @returns {Promise<Uint8Array<ArrayBuffer>>}
   * @throws {Damaged}
   */
  async content() {
    const pieces = await this._stores.replica.read((transaction) =>
      transaction.objectStore("part").getAll(rangeOf(this.sha256)),
    );
    const data = new Uint8Array(await new Blob(pieces.map((piece) => piece.bytes)).arrayBuffer());
    if (sha256(data) === this.sha256) return data;
    await this.delete();
    throw new Damaged(`segment ${this.sha256} was altered in transit; it is fetched again`);
  }

  /** Delete the bytes that have arrived. */
  async delete() {
    await deleteParts(this._stores, [rangeOf(this.sha256)]);
  }
}

/** Writes the pieces of one reply. */
class PartWriter {
  /**
   * @param {Part} part
   * @param {Stores} stores
   * @param {{ status: number, headers: Headers, onPiece: (size: number) => void }} reply
   */
  constructor(part, stores, { status, headers, onPiece }) {
    this._part = part;
    this._stores = stores;
    this._onPiece = onPiece;
    this._offset = 0;
    this._restart = status !== 206;
    if (status === 206) {
      const range = /^bytes (\d{1,15})-\d{1,15}\/(?:\d{1,15}|\*)$/.exec(headers.get("Content-Range") ?? "");
      if (!range) throw new Damaged("the reply is not the range that was requested");
      this._offset = Number(range[1]);
    }
    /** @type {Uint8Array[]} */
    this._waiting = [];
    this._waitingBytes = 0;
  }

  /** @param {Uint8Array} piece */
  async write(piece) {
    this._waiting.push(piece);
    this._waitingBytes += piece.length;
    this._onPiece(piece.length);
    if (this._waitingBytes >= PIECE_BYTES) await this.flush();
  }

  /** Store what has arrived. */
  async flush() {
    if (!this._waitingBytes) return;
    const bytes = new Uint8Array(await new Blob(/** @type {BlobPart[]} */ (this._waiting)).arrayBuffer());
    this._waiting = [];
    this._waitingBytes = 0;
    const { sha256 } = this._part;
    if (this._restart) await this._part.delete();
    if (this._offset + bytes.length > this._part.bytes) {
      await this._part.delete();
      throw new Damaged(`segment ${sha256} has ${this._part.bytes} bytes, and more were sent`);
    }
    if (!this._restart && this._offset !== (await this._part.size())) {
      throw new Damaged("the reply is not the range that was requested");
    }
    this._restart = false;
    await this._stores.replica.write(async (transaction) => {
      await transaction.objectStore("part").put({ sha256, offset: this._offset, bytes });
    });
    this._offset += bytes.length;
  }
}

/**
 * Delete the parts of segments that are not in *pending*.
 *
 * @param {Stores} stores
 * @param {Set<string>} pending
 */
export async function sweepParts(stores, pending) {
  const keys = await stores.replica.read((transaction) => transaction.objectStore("part").getAllKeys());
  const others = keys.filter((key) => !pending.has(String(/** @type {IDBValidKey[]} */ (key)[0])));
  if (others.length) await deleteParts(stores, others);
}

/**
 * @param {Stores} stores
 * @param {(IDBValidKey | IDBKeyRange)[]} keys
 */
async function deleteParts(stores, keys) {
  const entry = { why: /** @type {const} */ ("applied"), what: "parts", cursor: null, at: "", journal: [] };
  await stores.replica.write((transaction) => deleteRecorded(transaction, "part", keys, entry));
}

/** @param {string} sha256 */
function rangeOf(sha256) {
  return IDBKeyRange.bound([sha256, 0], [sha256, []]);
}
