/**
 * One sync: documents, then changes, then receipts, then changes again, then the comparison with the server.
 *
 * If there are documents, they travel together with the cursor. So a short moment of signal is enough to send an
 * order and to receive the state of the last one.
 */

import { ContractBroken, Damaged, DeviceError, EnrolAgain, isRevocation, Offline, Problem } from "../errors.js";
import { SCHEMA_REVISION } from "../limits.js";
import { writeJournal } from "../store/deletions.js";
import { nextPending } from "../store/offers.js";
import { deleteFinal, dueDocuments } from "../store/outbox.js";
import { readState } from "../store/state.js";
import { channels, gained, lost } from "./access_changes.js";
import { Downloader } from "./download.js";
import { Puller } from "./pull.js";
import { batches, jsonArray, Pusher, refusesBatch } from "./push.js";
import { ReplicaChecker } from "./replica_check.js";
import { HELD, pendingReceipts, Uploader } from "./uploads.js";

/** Rounds of push and pull in one sync: more than one after a reset, or if the rep captures meanwhile. */
const MAX_ROUNDS = 3;
const STOPS_ALL = [401, 429, 503];

/** The loop of one sync. */
export class Sync {
  /**
   * @param {import("./context.js").SyncContext} context
   * @param {string} appVersion
   */
  constructor(context, appVersion) {
    this._context = context;
    this._pusher = new Pusher(context.stores, context.session, context.report);
    this._puller = new Puller(context, new Downloader(context));
    this._checker = new ReplicaChecker(context, this._puller, appVersion);
  }

  /**
   * Sync; `report.problem` is the error that stopped it, if any.
   *
   * @throws {EnrolAgain | Problem} the problem device_revoked: the caller must act on these
   */
  async run() {
    const { stores, report, rep } = this._context;
    /** @type {DeviceError | null} */
    let stopped = null;
    const before = await channels(stores);
    try {
      for (let round = 0; round < MAX_ROUNDS; round++) {
        report.complete = false;
        stopped = (await this._push()) ?? stopped;
        await this._puller.untilComplete();
        const due = await stores.outbox.read((transaction) => dueDocuments(transaction, rep));
        if (stopped || !due.length) break;
      }
      stopped = (await this._upload()) ?? stopped;
      if (report.receipts) {
        report.complete = false;
        await this._puller.untilComplete();
      }
      await this._checker.run();
    } catch (error) {
      if (!(error instanceof DeviceError) || error instanceof EnrolAgain || isRevocation(error)) throw error;
      stopped ??= error;
    }
    report.problem = stopped;
    if (!report.complete) return;
    report.lost = await lost(stores, report.dropped);
    // The first sync, and one after a reset, bring everything: nothing of it is news.
    if (before.size && !report.reset) report.gained = await gained(stores, before);
    await this._deleteFinal();
  }

  /** Push the due documents. Return an error instead of throwing it, because the pull must run anyway. */
  async _push() {
    const { stores, report, rep } = this._context;
    const due = await stores.outbox.read((transaction) => dueDocuments(transaction, rep));
    if (due.length) await this._requireNetwork();
    try {
      let isFirst = true;
      for (const batch of batches(due)) {
        const state = await stores.replica.read(readState);
        // While segments are pending, a page would only offer them again.
        if (isFirst && !nextPending(state)) {
          await this._pushAndPull(state, batch);
        } else {
          await this._pusher.push(batch);
          report.complete = false;
        }
        isFirst = false;
      }
    } catch (error) {
      const isHandled = error instanceof Problem || error instanceof Offline || error instanceof ContractBroken;
      if (!isHandled || isRevocation(error) || (error instanceof Offline && !error.sent)) throw error;
      return error;
    }
    return null;
  }

  /**
   * In flight mode a push certainly does not reach the server, so it is no attempt, and the rep may still take the
   * document back. A browser may be wrong about that: the server's answer counts.
   *
   * @throws {Offline}
   */
  async _requireNetwork() {
    if (this._context.isOnline || (await this._context.session.transport.answers())) return;
    throw new Offline("the browser is offline", { begun: false });
  }

  /**
   * Send the first batch, and get the page that was read after it was stored, in one round trip.
   *
   * @param {import("../store/state.js").SyncState} state
   * @param {import("../store/outbox.js").DueDocument[]} batch
   */
  async _pushAndPull(state, batch) {
    const { session, size } = this._context;
    /** @type {Record<string, unknown>} */
    const envelope = { cursor: state.cursor, schema: SCHEMA_REVISION };
    if (size.limit !== null) envelope.limit_bytes = size.limit;
    const head = JSON.stringify(envelope).slice(0, -1);
    await this._pusher.recordAttempt(batch);
    let reply;
    try {
      reply = await session.request("POST", "/v1/sync", { json: `${head},"submissions":${jsonArray(batch)}}` });
    } catch (error) {
      size.afterError(error);
      if (error instanceof Damaged) throw error;
      // The reason may be the cursor and not the documents, so push them without it.
      if (refusesBatch(error)) await this._pusher.push(batch);
      else if (error instanceof Problem || error instanceof Offline)
        await this._pusher.handleRefusal(batch, error);
      else throw error;
      return;
    }
    await this._pusher.storeResults(batch, reply.value?.results);
    const { page, problem } = reply.value;
    if (page) {
      await this._puller.applyReply(state, page, reply.headers.get("ETag"));
    } else if (problem && typeof problem === "object") {
      const status = Number.isSafeInteger(problem.status) ? problem.status : 503;
      await this._puller.handleProblem(state, new Problem(status, problem));
    }
  }

  /** Send the receipts that the server needs. Return the error if the quota of today is used up. */
  async _upload() {
    const { stores, report, rep } = this._context;
    const uploader = new Uploader(this._context);
    for (const receipt of await pendingReceipts(stores, rep)) {
      let fault;
      try {
        fault = await uploader.upload(receipt);
      } catch (error) {
        if (!(error instanceof Problem) && !(error instanceof ContractBroken)) throw error;
        if (error instanceof Problem && error.problem === "quota_exceeded") return error;
        if (error instanceof Problem && STOPS_ALL.includes(error.status)) throw error;
        fault = error.code;
      }
      if (fault === HELD) continue;
      if (fault) report.notes.push({ code: fault, about: receipt.filename });
      else report.receipts += 1;
    }
    return null;
  }

  async _deleteFinal() {
    const { stores, grace } = this._context;
    const { serverTime, cursor } = await stores.replica.read(readState);
    if (!serverTime) return;
    await stores.outbox.write(async (transaction) => {
      /** @type {import("../store/deletions.js").Deletion[]} */
      const journal = [];
      await deleteFinal(transaction, { serverTime, grace, cursor }, journal);
      await writeJournal(transaction, journal);
    });
  }
}
