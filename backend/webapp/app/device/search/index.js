/**
 * The search index: finds records by a part of their search text, within milliseconds, without a network.
 *
 * Per collection one string holds the search texts of all rows, each between line breaks, and an array where each
 * begins. A query is looked up by `indexOf`, which needs no word breaks, so it works in Chinese too. First come
 * texts that begin with the query, then those in which a word does, then any that contain it.
 *
 * The replica's database stores the texts in chunks, one per page or segment; a later chunk replaces earlier rows.
 */

import { deleteRecorded } from "../store/deletions.js";
import { folded } from "./text.js";

/** @typedef {{ collection: string, number: number, keys: string[], texts: string[] }} Chunk */

/** More chunks than this are written again as one. */
const MANY_CHUNKS = 6;
/** Rows that changed since the string was made; beyond that it is made again. */
const MANY_CHANGES = 2_000;

/** The searchable rows of one collection. */
export class CollectionIndex {
  constructor() {
    this.text = "\n";
    /** @type {string[]} */
    this.keys = [];
    this.starts = new Int32Array(0);
    /** Rows that are not in the string, or differ there. @type {Map<string, string>} */
    this.changes = new Map();
    /** Rows of the string that have changed since. @type {Set<string>} */
    this.outdated = new Set();
  }

  /**
   * Add rows; an empty text removes the row.
   *
   * @param {string[]} keys
   * @param {string[]} texts
   */
  add(keys, texts) {
    keys.forEach((key, n) => {
      this.outdated.add(key);
      this.changes.set(key, texts[n] ?? "");
    });
  }

  /** Make the string again if many rows are beside it. */
  tidy() {
    if (this.changes.size > MANY_CHANGES) this.rebuild();
  }

  /** Make the string again. */
  rebuild() {
    const keys = [];
    const texts = [];
    for (const [key, text] of this.rows()) {
      keys.push(key);
      texts.push(text);
    }
    this.text = `\n${texts.join("\n")}\n`;
    this.keys = keys;
    this.starts = new Int32Array(texts.length + 1);
    let at = 1;
    texts.forEach((text, n) => {
      this.starts[n] = at;
      at += text.length + 1;
    });
    this.starts[texts.length] = at;
    this.changes.clear();
    this.outdated.clear();
  }

  /**
   * Yield [key, text] of every row.
   *
   * @returns {Generator<[string, string]>}
   */
  *rows() {
    for (let n = 0; n < this.keys.length; n++) {
      const key = /** @type {string} */ (this.keys[n]);
      if (!this.outdated.has(key)) yield [key, this.text.slice(this.starts[n], this._end(n))];
    }
    for (const [key, text] of this.changes) if (text) yield [key, text];
  }

  /**
   * Return the keys of at most *limit* rows that contain every word of *query*, the best first.
   *
   * @param {string} query
   * @param {number} limit
   * @returns {string[]}
   */
  search(query, limit) {
    const words = folded(query).split(" ").filter(Boolean);
    if (!words.length) return this._first(limit);
    const [first = "", ...rest] = words;
    // A query is looked up as a whole, too: "alpha gmbh" before "gmbh & alpha".
    const attempts = words.length > 1 ? [`\n${words.join(" ")}`] : [];
    attempts.push(`\n${first}`, ` ${first}`, first);
    /** @type {Set<string>} */
    const keys = new Set();
    for (const needle of attempts) {
      this._collect(needle, needle === attempts[0] && words.length > 1 ? [] : rest, limit, keys);
      if (keys.size >= limit) break;
    }
    return [...keys];
  }

  /** @param {number} limit */
  _first(limit) {
    const keys = [];
    for (const [key] of this.rows()) {
      if (keys.length >= limit) break;
      keys.push(key);
    }
    return keys;
  }

  /**
   * Add to *keys* the rows in which *needle* occurs with all of *rest*, until there are *limit*.
   *
   * @param {string} needle
   * @param {string[]} rest
   * @param {number} limit
   * @param {Set<string>} keys
   */
  _collect(needle, rest, limit, keys) {
    for (const [key, text] of this.changes) {
      if (keys.size >= limit) return;
      if (`\n${text}`.includes(needle) && rest.every((word) => text.includes(word))) keys.add(key);
    }
    const { text, starts } = this;
    let row = 0;
    for (let at = text.indexOf(needle); at >= 0 && keys.size < limit; ) {
      // The first character may be the line break before the row.
      const place = needle.startsWith("\n") ? at + 1 : at;
      row = this._rowAt(place, row);
      const key = this.keys[row];
      if (key === undefined) return;
      const end = this._end(row);
      const isWhole = !rest.length || contains(text.slice(starts[row], end), rest);
      if (isWhole && !this.outdated.has(key)) keys.add(key);
      // `end` is the line break before the next row, with which its needle may begin.
      at = text.indexOf(needle, Math.max(end, at + 1));
    }
  }

  /**
   * Return the row at *place* of the string; it is *from* or a later one.
   *
   * @param {number} place
   * @param {number} from
   */
  _rowAt(place, from) {
    let low = from;
    let high = this.keys.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (/** @type {number} */ (this.starts[middle]) <= place) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** @param {number} row */
  _end(row) {
    return /** @type {number} */ (this.starts[row + 1]) - 1;
  }
}

/**
 * @param {string} text
 * @param {string[]} words
 */
function contains(text, words) {
  return words.every((word) => text.includes(word));
}

/** The searchable rows of all collections, as the replica's database has them. */
export class SearchIndex {
  /** @param {import("../store/stores.js").Stores} stores */
  constructor(stores) {
    this._stores = stores;
    /** @type {Map<string, CollectionIndex>} */
    this._collections = new Map();
    this._number = 0;
    this._generation = -1;
    /** @type {Promise<void>} */
    this._loading = Promise.resolve();
  }

  /**
   * Return the keys of at most *limit* records of *collection* that contain every word of *query*, the best first.
   *
   * @param {string} collection
   * @param {string} query
   * @param {number} limit
   */
  search(collection, query, limit) {
    return this._collections.get(collection)?.search(query, limit) ?? [];
  }

  /** Take over what pages and segments have brought since; *generation* changes when the replica began again. */
  async refresh(generation = 0) {
    this._loading = this._loading.then(() => this._load(generation));
    return this._loading;
  }

  /** @param {number} generation */
  async _load(generation) {
    if (generation !== this._generation) {
      this._collections.clear();
      this._number = 0;
      this._generation = generation;
    }
    /** @type {Chunk[]} */
    const chunks = await this._stores.replica.read((transaction) => transaction.objectStore("search").getAll());
    chunks.sort((a, b) => a.number - b.number);
    for (const { collection, number, keys, texts } of chunks) {
      if (number <= this._number) continue;
      const index = this._collections.get(collection) ?? new CollectionIndex();
      this._collections.set(collection, index);
      index.add(keys, texts);
      this._number = number;
    }
    for (const index of this._collections.values()) index.tidy();
  }

  /** Write many chunks again as one, so that the next start reads it at once. */
  async compact() {
    await this._stores.replica.write(async (transaction) => {
      const search = transaction.objectStore("search");
      /** @type {Chunk[]} */
      const chunks = await search.getAll();
      chunks.sort((a, b) => a.number - b.number);
      for (const collection of new Set(chunks.map((chunk) => chunk.collection))) {
        const own = chunks.filter((chunk) => chunk.collection === collection);
        const last = own.at(-1);
        if (own.length <= MANY_CHUNKS || !last) continue;
        const index = new CollectionIndex();
        for (const { keys, texts } of own) index.add(keys, texts);
        index.rebuild();
        const merged = [...index.rows()];
        const entry = {
          why: /** @type {const} */ ("outdated"),
          what: "search",
          cursor: null,
          at: "",
          journal: [],
        };
        const old = own.map((chunk) => [collection, chunk.number]);
        await deleteRecorded(transaction, "search", old, entry);
        const keys = merged.map(([key]) => key);
        await search.put({ collection, number: last.number, keys, texts: merged.map(([, text]) => text) });
      }
    });
  }
}
