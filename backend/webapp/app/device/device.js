/**
 * The whole device of a rep: a replica, an outbox and a session. Only `enrol` and `sync` need a network.
 *
 * It decides nothing about when to sync; `sync/scheduler.js` does.
 */

import { EnrolAgain, Problem, Revoked } from "./errors.js";
import { OfflineDevice } from "./offline_device.js";
import { deleteKeys } from "./session/keys.js";
import * as session from "./session/session.js";
import { Transport } from "./session/transport.js";
import * as wipes from "./session/wipe.js";
import { deleteRecorded, writeJournal } from "./store/deletions.js";
import { GRACE_MS } from "./store/outbox.js";
import { carryOver } from "./store/outbox_updates.js";
import { sweepParts } from "./store/parts.js";
import { adopt } from "./store/replica.js";
import { readState } from "./store/state.js";
import { deviceReport, noteReported } from "./sync/device_report.js";
import { figuresOf, storeFigures } from "./sync/figures.js";
import { Sync } from "./sync/loop.js";
import { PageSize } from "./sync/page_size.js";
import { SyncReport } from "./sync/report.js";

/** @typedef {import("./offline_device.js").OfflineOptions & { grace?: number, isOnline?: boolean,
 *   holdsReceipts?: boolean }} Options
 * `grace`: milliseconds for which a final document is kept. `isOnline`: whether there is a network at the start.
 * `holdsReceipts`: whether photos wait for Wi-Fi at the start. */

/** A device. Make one per window or worker; several share the same stores. */
export class Device extends OfflineDevice {
  /** @param {Options} [options] */
  constructor({ grace = GRACE_MS, isOnline = true, holdsReceipts = false, ...options } = {}) {
    super(options);
    this._grace = grace;
    this._size = new PageSize();
    /** Whether the browser says that there is a network. A window knows it better than a worker. */
    this.isOnline = isOnline;
    this._holdsReceipts = holdsReceipts;
    /** @type {Transport | null} */
    this._transport = null;
  }

  /** Finish what was interrupted, and read the search index. */
  async start() {
    await wipes.clearAfterWipe(this.stores, this._now());
    const state = await this.stores.replica.read(readState);
    await sweepParts(
      this.stores,
      new Set(state.offers.filter((offer) => !offer.applied).map((offer) => offer.sha256)),
    );
    await this.searchIndex.refresh(state.generation);
  }

  /**
   * Enrol at *server* with the office's one-time code; the same code may be used again to retry.
   *
   * @param {string} code
   * @param {string} server
   * @param {string} name of the device, for the office
   */
  async enrol(code, server, name) {
    await wipes.confirmWipe(this.stores, this._now());
    const transport = this._connect(server);
    const identity = await session.enrol(this.stores, transport, {
      code: code.trim(),
      name,
      appVersion: this._appVersion,
    });
    await adopt(this.stores, identity, this._now());
    await this.refreshSearch();
    return identity;
  }

  /**
   * Sync once and return the report; its `problem` says why the sync stopped early.
   *
   * @param {{ onProgress?: (report: SyncReport) => void, onUpload?: () => void, rehash?: boolean }} [options]
   *   onUpload: the server has confirmed a piece of a receipt; rehash: compute every hash again
   * @throws {NotEnrolled | EnrolAgain | Revoked} Revoked after everything has been deleted
   */
  async sync({ onProgress = () => undefined, onUpload = () => undefined, rehash = false } = {}) {
    const began = performance.now();
    await wipes.confirmWipe(this.stores, this._now());
    const { rep, server, ...more } = await this._enrolled();
    await adopt(this.stores, { rep, server, ...more }, this._now());
    await this.stores.exclusively(() => carryOver(this.stores));
    const transport = this._connect(server);
    const { sent, received } = transport;
    const at = this._now();
    const report = new SyncReport();
    const context = {
      stores: this.stores,
      session: new session.Session(this.stores, transport),
      report,
      size: this._size,
      rep,
      now: () => this._now(),
      onProgress,
      grace: this._grace,
      rehash,
      isOnline: this.isOnline,
      holdsReceipts: () => this._holdsReceipts,
      onUpload,
    };
    try {
      await new Sync(context, this._appVersion).run();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (!error.wipe) throw new EnrolAgain(error.technical);
      const unsent = await wipes.wipe(this.stores, error.wipeOrder, this._now());
      this.clock.forget();
      await this.refreshSearch();
      throw new Revoked(unsent);
    }
    report.sent = transport.sent - sent;
    report.received = transport.received - received;
    const milliseconds = performance.now() - began;
    // An idle poll is no event: it would push the others out of the list.
    if (!report.isIdle) {
      await storeFigures(this.stores, figuresOf(report, { at, milliseconds, app: this._appVersion }));
    }
    if (
      report.put ||
      report.gone ||
      report.repaired ||
      report.removed ||
      report.dropped.length ||
      report.reset
    ) {
      await this.searchIndex.compact();
      await this.refreshSearch();
    }
    return report;
  }

  /** Tell the server what is not sent, and the figures of the syncs since the last report. */
  async report() {
    const { server } = await this._enrolled();
    const requests = new session.Session(this.stores, this._connect(server));
    const { report, until } = await deviceReport(this.stores, this._appVersion);
    await requests.request("POST", "/v1/report", { json: JSON.stringify(report), bare: true });
    await noteReported(this.stores, until);
  }

  /** Leave: delete session, key and replica. Documents and drafts stay, and are sent after enrolling again. */
  async signOut() {
    const at = this._now();
    await this.stores.outbox.write(async (transaction) => {
      /** @type {import("./store/deletions.js").Deletion[]} */
      const journal = [];
      const entry = { why: /** @type {const} */ ("signed_out"), what: "session", cursor: null, at, journal };
      await deleteRecorded(transaction, "item", ["session/current"], entry);
      await deleteKeys(transaction, null);
      await writeJournal(transaction, journal);
    });
    await wipes.clearReplica(this.stores, "signed_out", at);
    await this.refreshSearch();
  }

  /** @param {boolean} isHeld Let photos wait for Wi-Fi from now on, or no longer; documents are always sent. */
  async holdReceipts(isHeld) {
    this._holdsReceipts = isHeld;
  }

  /** Delete the replica; the next sync fetches it again. The outbox stays. */
  async rebuildReplica() {
    await wipes.clearReplica(this.stores, "rebuilt", this._now());
    await this.refreshSearch();
  }

  /** The rep says that the office has the export of a wipe. */
  async discardExport() {
    await wipes.discardExport(this.stores, this._now());
  }

  /** @param {string} server */
  _connect(server) {
    if (this._transport?.server !== server.replace(/\/+$/, "")) {
      this._transport = new Transport(server, (value, date) => this.clock.noteReply(value, date));
    }
    return this._transport;
  }
}
