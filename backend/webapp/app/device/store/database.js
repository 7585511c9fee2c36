/**
 * A database of the browser that opens itself again.
 *
 * Phones close IndexedDB while the app sleeps, and Safari does so while it runs ("Connection to Indexed Database
 * server lost"). A screen must not show an empty list then, so each transaction opens the database again and is
 * repeated once. Only requests of the transaction may be awaited inside it, or the browser commits it too early.
 */

import { DatabaseClosed, DeviceError, DiskFull, NewerLayout } from "../errors.js";
import { openDB } from "./idb.js";

/** @typedef {import("idb").IDBPDatabase} Handle */
/** @typedef {import("idb").IDBPTransaction<unknown, string[], "readonly" | "readwrite" | "versionchange">} ReadTransaction */
/** @typedef {import("idb").IDBPTransaction<unknown, string[], "readwrite">} WriteTransaction */

const LOST = ["InvalidStateError", "UnknownError", "AbortError", "DatabaseClosed"];

/** One database, of which *create* makes the object stores. */
export class Database {
  /**
   * @param {string} name
   * @param {number} version
   * @param {(handle: Handle, oldVersion: number) => void} create
   * @param {"strict" | "relaxed"} durability strict: a commit is on the disk, also after a power cut
   */
  constructor(name, version, create, durability) {
    this.name = name;
    this._version = version;
    this._create = create;
    this._durability = durability;
    /** @type {Promise<Handle> | null} */
    this._opening = null;
  }

  /**
   * Run *work* in a transaction that reads.
   *
   * @template T
   * @param {(transaction: ReadTransaction) => Promise<T>} work
   * @returns {Promise<T>}
   */
  async read(work) {
    return this._transact("readonly", /** @type {(transaction: any) => Promise<T>} */ (work));
  }

  /**
   * Run *work* in a transaction that writes; it is on the disk when this returns. If *work* throws, nothing of it is
   * stored.
   *
   * @template T
   * @param {(transaction: WriteTransaction) => Promise<T>} work
   * @returns {Promise<T>}
   */
  async write(work) {
    return this._transact("readwrite", /** @type {(transaction: any) => Promise<T>} */ (work));
  }

  /** Close the database; the next transaction opens it again. */
  async close() {
    const opening = this._opening;
    this._opening = null;
    await opening?.then((handle) => handle.close()).catch(() => undefined);
  }

  /**
   * @template T
   * @param {"readonly" | "readwrite"} mode
   * @param {(transaction: any) => Promise<T>} work
   */
  async _transact(mode, work) {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this._once(mode, work);
      } catch (error) {
        if (error instanceof DeviceError) throw error;
        const name = error instanceof Error || error instanceof DOMException ? error.name : "";
        if (name === "QuotaExceededError") throw new DiskFull();
        if (name === "VersionError") throw new NewerLayout(`${this.name}: ${error}`);
        if (!LOST.includes(name)) throw error;
        await this.close();
        if (attempt) throw new DatabaseClosed(`${this.name}: ${error}`);
      }
    }
  }

  /**
   * @template T
   * @param {"readonly" | "readwrite"} mode
   * @param {(transaction: any) => Promise<T>} work
   */
  async _once(mode, work) {
    const handle = await this._open();
    const transaction = handle.transaction([...handle.objectStoreNames], mode, {
      durability: this._durability,
    });
    // A transaction that fails is reported by `work` or below; without a listener it would be reported again.
    transaction.done.catch(() => undefined);
    let result;
    try {
      result = await work(transaction);
    } catch (error) {
      const cause = transaction.error;
      if (!cause) abort(transaction);
      throw cause ?? error;
    }
    await transaction.done;
    return result;
  }

  /** @returns {Promise<Handle>} */
  _open() {
    this._opening ??= openDB(this.name, this._version, {
      upgrade: (handle, oldVersion) => this._create(handle, oldVersion),
      // A newer app in another window waits for this connection: give it up, and open again when needed.
      blocking: () => void this.close(),
      terminated: () => void this.close(),
    });
    this._opening.catch(() => {
      this._opening = null;
    });
    return this._opening;
  }
}

/** @param {{ abort(): void }} transaction */
function abort(transaction) {
  try {
    transaction.abort();
  } catch {
    // It has ended already.
  }
}
