/**
 * Changes of the replica's rows within one transaction: newest position wins, and the checksum of each stream and the
 * search texts follow.
 */

import { EMPTY, withRow } from "../checksum.js";
import { deleteRecorded } from "./deletions.js";
import { keyRange, scan } from "./row.js";

/** @typedef {import("./row.js").Row} Row */
/** @typedef {import("./row.js").NewRow} NewRow */
/** @typedef {import("../checksum.js").Checksum} Checksum */

/** The changes of one transaction. Load the rows that it may touch, change them, and `write`. */
export class RowChanges {
  /**
   * @param {import("./database.js").WriteTransaction} transaction
   * @param {import("./state.js").SyncState} state
   * @param {{ at: string, journal: import("./deletions.js").Deletion[] }} options at: this device's time
   */
  constructor(transaction, state, { at, journal }) {
    this.put = 0;
    this.gone = 0;
    this._transaction = transaction;
    this._state = state;
    this._at = at;
    this._journal = journal;
    /** @type {Map<string, Row | null>} */
    this._rows = new Map();
    /** @type {Map<string, { row: NewRow | null, why: import("./deletions.js").Why }>} */
    this._changed = new Map();
    /** @type {Map<string, import("../page.js").Stream & Checksum>} */
    this._sums = new Map();
  }

  /** Read the checksums. */
  async open() {
    for (const sum of await this._transaction.objectStore("stream").getAll()) {
      this._sums.set(name(sum.channel, sum.collection), sum);
    }
    return this;
  }

  /** @param {Iterable<{ collection: string, key: string }>} rows Load the stored rows with these keys. */
  async load(rows) {
    const wanted = [...rows].filter(({ collection, key }) => !this._rows.has(name(collection, key)));
    const records = this._transaction.objectStore("record");
    const stored = await Promise.all(wanted.map(({ collection, key }) => records.get([collection, key])));
    for (const [n, { collection, key }] of wanted.entries())
      this._rows.set(name(collection, key), stored[n] ?? null);
  }

  /**
   * Load the stored rows of a key range, in every channel.
   *
   * @param {string} collection
   * @param {string} from
   * @param {string | null} to
   * @returns {Promise<Row[]>}
   */
  async loadRange(collection, from, to) {
    /** @type {Row[]} */
    const rows = [];
    for await (const some of scan(this._transaction, keyRange(collection, from, to))) rows.push(...some);
    for (const row of rows) {
      const at = name(row.collection, row.key);
      if (!this._changed.has(at)) this._rows.set(at, row);
    }
    return rows;
  }

  /**
   * Return the position of *row* in the present epoch.
   *
   * @param {Row} row
   */
  position(row) {
    return row.era === this._state.era ? row.position : this._state.eraHead;
  }

  /**
   * Store *row*, unless a row at the same or a higher position is stored for its key. *override*: in any case.
   *
   * @param {NewRow} row
   * @param {{ override?: boolean }} [options]
   */
  store(row, { override = false } = {}) {
    const stored = this.row(row.collection, row.key);
    if (stored && !override && this.position(stored) >= row.position) return;
    if (stored) this._add(stored, -1);
    const kept = { ...row, era: this._state.era };
    this._add(kept, 1);
    this._set(kept.collection, kept.key, kept, "gone");
    this.put += 1;
  }

  /**
   * Delete the stored row *row*, for the reason *why*.
   *
   * @param {Row} row
   * @param {import("./deletions.js").Why} why
   */
  remove(row, why) {
    this._add(row, -1);
    this._set(row.collection, row.key, null, why);
    this.gone += 1;
  }

  /**
   * Return the loaded row, or null.
   *
   * @param {string} collection
   * @param {string} key
   * @returns {Row | null}
   */
  row(collection, key) {
    return this._rows.get(name(collection, key)) ?? null;
  }

  /**
   * Delete every row of a stream; return how many.
   *
   * @param {import("../page.js").Stream} stream
   * @param {import("./deletions.js").Why} why
   */
  async removeStream({ channel, collection }, why) {
    if (!this._sums.get(name(channel, collection))?.count) return 0;
    const before = this.gone;
    for (const row of await this.loadRange(collection, "", null)) {
      if (row.channel === channel && this.row(collection, row.key)) this.remove(row, why);
    }
    return this.gone - before;
  }

  /**
   * Delete every row.
   *
   * @param {import("./deletions.js").Why} why
   */
  async removeAll(why) {
    const entry = { what: "records", cursor: this._state.cursor, at: this._at, journal: this._journal };
    await deleteRecorded(this._transaction, "record", null, { why, ...entry });
    const outdated = { ...entry, why: /** @type {const} */ ("outdated") };
    await deleteRecorded(this._transaction, "search", null, outdated);
    await deleteRecorded(this._transaction, "stream", null, outdated);
    this._state.generation += 1;
    this._sums.clear();
    this._rows.clear();
  }

  /** Write all changes, with checksums, search texts and journal. */
  async write() {
    const records = this._transaction.objectStore("record");
    const writes = [];
    /** @type {Map<import("./deletions.js").Why, IDBValidKey[]>} */
    const deleted = new Map();
    /** @type {Map<string, { keys: string[], texts: string[] }>} */
    const texts = new Map();
    for (const [, { row, why, collection, key }] of this._entries()) {
      if (row) {
        const { text, ...stored } = row;
        writes.push(records.put(stored));
      } else {
        deleted.set(why, [...(deleted.get(why) ?? []), [collection, key]]);
      }
      const chunk = texts.get(collection) ?? { keys: [], texts: [] };
      chunk.keys.push(key);
      chunk.texts.push(row?.text ?? "");
      texts.set(collection, chunk);
    }
    for (const [why, keys] of deleted) {
      const entry = { what: "records", cursor: this._state.cursor, at: this._at, journal: this._journal };
      writes.push(deleteRecorded(this._transaction, "record", keys, { why, ...entry }));
    }
    for (const sum of this._sums.values()) writes.push(this._transaction.objectStore("stream").put(sum));
    for (const [collection, chunk] of texts) {
      if (!chunk.texts.some(Boolean) && !chunk.keys.length) continue;
      const number = this._state.searchNumber++;
      writes.push(this._transaction.objectStore("search").put({ collection, number, ...chunk }));
    }
    await Promise.all(writes);
  }

  *_entries() {
    for (const [at, change] of this._changed) {
      const [collection = "", key = ""] = JSON.parse(at);
      yield/** @type {const} */ ([at, { ...change, collection, key }]);
    }
  }

  /**
   * @param {string} collection
   * @param {string} key
   * @param {NewRow | null} row
   * @param {import("./deletions.js").Why} why
   */
  _set(collection, key, row, why) {
    const at = name(collection, key);
    this._rows.set(at, row);
    this._changed.set(at, { row, why });
  }

  /**
   * @param {Row} row
   * @param {1 | -1} sign
   */
  _add(row, sign) {
    const at = name(row.channel, row.collection);
    const { channel, collection } = row;
    const sum = this._sums.get(at) ?? { channel, collection, ...EMPTY };
    this._sums.set(at, { channel, collection, ...withRow(sum, row, sign) });
  }
}

/**
 * @param {string} first
 * @param {string} second
 */
function name(first, second) {
  return JSON.stringify([first, second]);
}
