/** The two databases of the device, and the lock under which they change together. */

import { BrowserTooOld } from "../errors.js";
import { outboxDatabase } from "./outbox_database.js";
import { replicaDatabase } from "./replica_database.js";

/** Outbox and replica; *suffix* names other ones in tests. */
export class Stores {
  /** @param {string} [suffix] */
  constructor(suffix = "") {
    this.suffix = suffix;
    this.outbox = outboxDatabase(suffix);
    this.replica = replicaDatabase(suffix);
  }

  /**
   * Run *work* while no other window, and nothing else in this one, does the same.
   *
   * @template T
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  async exclusively(work) {
    if (!navigator.locks) throw new BrowserTooOld("it has no Web Locks");
    /** @type {any} */
    let result;
    await navigator.locks.request(`satchel-stores${this.suffix}`, async () => {
      result = await work();
    });
    return result;
  }

  async close() {
    await this.outbox.close();
    await this.replica.close();
  }
}
