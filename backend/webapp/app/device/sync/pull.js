/** Pulls pages, and the segments that they offer, until the server has nothing above the cursor. */

import { ContractBroken, Problem, Temporary } from "../errors.js";
import { SCHEMA_REVISION } from "../limits.js";
import { readPage } from "../page.js";
import { applyPage, changeState } from "../store/replica.js";
import { readState, resetCursor } from "../store/state.js";

/** @typedef {import("../store/state.js").SyncState} SyncState */

const MAX_RESTARTS = 2;

/** Requests pages and applies them. */
export class Puller {
  /**
   * @param {import("./context.js").SyncContext} context
   * @param {import("./download.js").Downloader} downloader
   */
  constructor(context, downloader) {
    this._context = context;
    this._downloader = downloader;
    this._restarts = 0;
  }

  /** Pull until a page is complete. A download that was cut is finished before any page is requested. */
  async untilComplete() {
    while (!this._context.report.complete) {
      await this._downloader.run();
      await this.pullPage();
    }
  }

  /** Request one page and apply it. */
  async pullPage() {
    const { stores, session, size } = this._context;
    const state = await stores.replica.read(readState);
    /** @type {Record<string, string>} */
    const query = { schema: String(SCHEMA_REVISION) };
    /** @type {Record<string, string>} */
    const headers = {};
    if (state.cursor !== null) query.cursor = state.cursor;
    if (state.cursor !== null && state.etag) headers["If-None-Match"] = state.etag;
    if (size.limit !== null) query.limit_bytes = String(size.limit);
    let reply;
    try {
      reply = await session.request("GET", "/v1/pull", { query, headers });
    } catch (error) {
      if (error instanceof Problem) {
        await this.handleProblem(state, error);
        return;
      }
      if (error instanceof Temporary) size.afterError(error);
      throw error;
    }
    if (reply.status === 304) await this._unchanged(state, reply.headers.get("Satchel-Poll-After") ?? "");
    else await this.applyReply(state, reply.value, reply.headers.get("ETag"));
  }

  /**
   * Apply the page in *value*, if the replica is still at *requested*.
   *
   * @param {SyncState} requested
   * @param {any} value
   * @param {string | null} etag
   * @throws {ContractBroken} if the page breaks the protocol; nothing of it is applied then
   */
  async applyReply(requested, value, etag) {
    const { stores, report, size, now, onProgress } = this._context;
    const page = readPage(value, etag);
    size.afterPage();
    if (!page.complete && page.cursor === requested.cursor && !page.offers.length) {
      throw new ContractBroken("the page is not complete, and neither moves the cursor nor offers segments");
    }
    const result = await applyPage(stores, page, requested, now());
    if (!result.applied) return;
    report.pages += 1;
    report.put += result.put;
    report.gone += result.gone;
    report.dropped.push(...result.dropped);
    report.reset ||= result.reset;
    report.rebased ||= result.rebased;
    report.complete = page.complete;
    report.pollAfter = page.pollAfter;
    onProgress(report);
  }

  /**
   * Drop the cursor of *requested* if the server does not know it; else throw *problem*.
   *
   * @param {SyncState} requested
   * @param {Problem} problem
   */
  async handleProblem(requested, problem) {
    if (problem.problem !== "cursor_invalid" || this._restarts === MAX_RESTARTS) throw problem;
    this._restarts += 1;
    await changeState(this._context.stores, requested, resetCursor);
  }

  /**
   * @param {SyncState} requested
   * @param {string} pollAfter
   */
  async _unchanged(requested, pollAfter) {
    const { stores, report, now } = this._context;
    if (requested.cursor === null || requested.etag === null) {
      throw new ContractBroken("the server answered 304 to a request without If-None-Match");
    }
    const seconds = /^\d{1,7}$/.test(pollAfter) ? Number(pollAfter) : null;
    await changeState(stores, requested, (state) => {
      Object.assign(state, { complete: true, pollAfter: seconds ?? state.pollAfter, syncedAt: now() });
    });
    report.complete = true;
    report.unchanged = report.pages === 0;
    report.pollAfter = seconds ?? report.pollAfter;
  }
}
