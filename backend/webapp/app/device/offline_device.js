/**
 * What a device does without a network: it captures, keeps drafts, searches, and shows what is stored.
 *
 * Each method calls one function of the folders below, with this device's stores, rep and clock.
 */

import * as amendments from "./capture/amendments.js";
import { capture } from "./capture/capture.js";
import { checkBody } from "./capture/checks.js";
import * as documents from "./capture/documents.js";
import * as drafts from "./capture/drafts.js";
import { NotEnrolled } from "./errors.js";
import { SearchIndex } from "./search/index.js";
import { exportUnsent } from "./session/export.js";
import * as session from "./session/session.js";
import { storedExport } from "./session/wipe.js";
import { status } from "./status.js";
import { DeviceClock, dateIn, instant } from "./store/clock.js";
import { listJson } from "./store/outbox_database.js";
import { photoOf, readPhoto } from "./store/photos.js";
import * as reads from "./store/record_reads.js";
import { readState } from "./store/state.js";
import { Stores } from "./store/stores.js";
import { recentSyncs, unsentIds } from "./sync/figures.js";

/** @typedef {{ suffix?: string, appVersion?: string, wall?: () => number, zone?: string }} OfflineOptions
 * `suffix` names other databases in tests. `wall`: what this device's clock shows, in milliseconds. */
/** @typedef {{ bytes: Uint8Array<ArrayBuffer>, filename: string }} PhotoInput */
/** @typedef {import("./capture/checks.js").Contract} Contract */

/** A device that is never online. */
export class OfflineDevice {
  /** @param {OfflineOptions} [options] */
  constructor({ suffix = "", appVersion = "", wall = () => Date.now(), zone = "" } = {}) {
    this.stores = new Stores(suffix);
    this.clock = new DeviceClock(this.stores, wall);
    this.searchIndex = new SearchIndex(this.stores);
    this.zone = zone || Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
    /** What captured documents are checked by; null: the server alone checks. @type {Contract | null} */
    this.contract = null;
    this._appVersion = appVersion;
    this._wall = wall;
  }

  /** @param {Contract} contract Check what is captured by *contract*, which the server sends. */
  async setContract(contract) {
    this.contract = contract;
  }

  /**
   * Return what the server would say about *body* now, while the rep still enters it.
   *
   * @param {string} kind
   * @param {Record<string, any>} body
   */
  async check(kind, body) {
    const rep = (await this.identity())?.rep ?? "";
    return checkBody(this.stores, this.contract, kind, body, { rep, today: await this.today() });
  }

  /** Return the enrolled device, or null. */
  async identity() {
    return session.identity(this.stores);
  }

  /**
   * Store a document durably and return its id; after this returns it is safe to say "saved".
   *
   * @param {Omit<import("./capture/capture.js").Captured, "photos"> & { photos?: PhotoInput[] }} captured
   */
  async capture({ photos = [], ...captured }) {
    const files = photos.map(({ bytes, filename }) => photoOf(bytes, filename));
    return capture(this.stores, { ...captured, photos: files }, await this._author());
  }

  /**
   * Withdraw a document before it is sent to the ERP; return the id of the withdrawal.
   *
   * @param {{ id: string, reason: string | null, title: string }} request
   */
  async withdraw(request) {
    return amendments.withdraw(this.stores, request, await this._author());
  }

  /**
   * Ask the office to change or cancel a document in the ERP; return the id of the request.
   *
   * @param {{ id: string, action: "change" | "cancel", message: string, title: string }} request
   */
  async requestChange(request) {
    return amendments.requestChange(this.stores, request, await this._author());
  }

  /** @param {string} id Return kind and body of a document, for an edited copy that supersedes it. */
  async editableBody(id) {
    return amendments.editableBody(this.stores, id);
  }

  /** @param {string} id Dismiss a document that never left the device or was refused. */
  async dismiss(id) {
    await documents.dismiss(this.stores, id, instant(await this.clock.now()));
  }

  /** @param {string} id Take back the dismissal of a document. */
  async restore(id) {
    await documents.restore(this.stores, id);
  }

  /** @param {string} id Push a document again that is no longer pushed. */
  async retryPush(id) {
    await documents.retryPush(this.stores, id);
  }

  /** @param {string} id Send the photos of a document over any line. */
  async sendReceipts(id) {
    await documents.sendReceipts(this.stores, id);
  }

  /** Return the outbox, oldest first. */
  async documents() {
    return documents.documents(this.stores);
  }

  /**
   * Store a draft durably, with new photos; return their sha256.
   *
   * @param {string} id
   * @param {Omit<drafts.Draft, "changed_at">} draft
   * @param {PhotoInput[]} [photos]
   */
  async saveDraft(id, draft, photos = []) {
    const files = photos.map(({ bytes, filename }) => photoOf(bytes, filename));
    await drafts.saveDraft(this.stores, id, draft, { now: this._now(), photos: files });
    return files.map((file) => file.sha256);
  }

  /** @param {string} sha256 Return a photo of a draft or document, with its bytes as `content`; null if it is not here. */
  async photo(sha256) {
    return this.stores.outbox.read((transaction) => readPhoto(transaction, sha256));
  }

  /** Return every draft, oldest first. */
  async drafts() {
    return drafts.drafts(this.stores);
  }

  /** @param {string} id Return the draft, or null. */
  async draft(id) {
    return drafts.draft(this.stores, id);
  }

  /** @param {string} id */
  async discardDraft(id) {
    await drafts.discardDraft(this.stores, id, this._now());
  }

  /**
   * Return one record of the replica, or null.
   *
   * @param {string} collection
   * @param {string} key
   * @returns {Promise<Record<string, any> | null>}
   */
  async record(collection, key) {
    return reads.record(this.stores, collection, key);
  }

  /**
   * Return records of *collection* by key, at most *limit*, after the key *after*.
   *
   * @param {string} collection
   * @param {{ limit?: number, after?: string }} [options]
   * @returns {Promise<Record<string, any>[]>}
   */
  async records(collection, { limit = 200, after = "" } = {}) {
    return reads.records(this.stores, collection, { limit, after });
  }

  /**
   * Return the records of *collection* below the customer or product *parent*, by key.
   *
   * @param {string} collection
   * @param {string} parent
   * @returns {Promise<Record<string, any>[]>}
   */
  async children(collection, parent) {
    return reads.children(this.stores, collection, parent);
  }

  /**
   * Return the records of *collection* that contain every word of *query*, the best first.
   *
   * @param {string} collection
   * @param {string} query
   * @param {number} [limit]
   * @returns {Promise<Record<string, any>[]>}
   */
  async search(collection, query, limit = 50) {
    const [found = []] = await this.searchAll([collection], query, limit);
    return found;
  }

  /**
   * Search several collections at once; return what `search` would for each.
   *
   * @param {string[]} collections
   * @param {string} query
   * @param {number} limit of each
   * @returns {Promise<Record<string, any>[][]>}
   */
  async searchAll(collections, query, limit) {
    const hits = collections.map((name) => ({ name, keys: this.searchIndex.search(name, query, limit) }));
    return reads.recordsOf(this.stores, hits);
  }

  /** Read what other windows, or a sync, have brought since. */
  async refreshSearch() {
    const { generation } = await this.stores.replica.read(readState);
    await this.searchIndex.refresh(generation);
  }

  /** Return the state of the device, for screens. */
  async status() {
    return status(this.stores, this.clock);
  }

  /** Return the date in the rep's time zone, by the server if this device's clock is wrong. */
  async today() {
    return dateIn(await this.clock.now(), this.zone);
  }

  /** Return what the server does not have as a zip file, or null. */
  async exportUnsent() {
    const stored = await storedExport(this.stores);
    return stored ? { bytes: stored, name: "unsent-device.zip", count: 0 } : exportUnsent(this.stores);
  }

  /** Return what support needs: figures of syncs, deletions, unsent ids. No data of customers. */
  async diagnostics() {
    const deletions = await this.stores.outbox.read((transaction) => listJson(transaction, "deletion"));
    return {
      app: this._appVersion,
      agent: navigator.userAgent,
      zone: this.zone,
      status: await this.status(),
      unsent: await unsentIds(this.stores),
      syncs: await recentSyncs(this.stores),
      deletions: deletions.map(([, deletion]) => deletion).reverse(),
    };
  }

  /** Close the databases. */
  async close() {
    await this.stores.close();
  }

  async _enrolled() {
    const identity = await this.identity();
    if (!identity) throw new NotEnrolled();
    return identity;
  }

  async _author() {
    const { rep } = await this._enrolled();
    return { rep, now: await this.clock.now(), zone: this.zone, contract: this.contract };
  }

  _now() {
    return instant(this._wall());
  }
}
