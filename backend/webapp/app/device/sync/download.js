/** Downloads the offered segments one after another, continuing where the last sync was cut. */

import { Damaged, Problem, Temporary } from "../errors.js";
import { readSegment } from "../segment.js";
import { forgetPending, nextPending, progress } from "../store/offers.js";
import { Part, sweepParts } from "../store/parts.js";
import { changeState } from "../store/replica.js";
import { readState } from "../store/state.js";
import { applySegment } from "./segments.js";

/** @typedef {import("../page.js").Offer} Offer */

/** The segment is no longer offered, or not to this device: pull again. */
const GONE = [403, 404, 410];
/** How often in one sync the list of offers may turn out to be out of date. */
const MAX_WITHDRAWN = 3;
/** After this many failing links, the rest of the sync fetches from the server itself. */
const MAX_BROKEN_LINKS = 2;

/** Downloads and applies offered segments. */
export class Downloader {
  /** @param {import("./context.js").SyncContext} context */
  constructor(context) {
    this._context = context;
    this._withdrawn = 0;
    this._brokenLinks = 0;
  }

  /** Download and apply all pending segments; what has arrived stays stored if an error is thrown. */
  async run() {
    const { stores } = this._context;
    let state = await this._showProgress();
    for (let offer = nextPending(state); offer; offer = nextPending(state)) {
      try {
        await this._downloadAndApply(offer);
      } catch (error) {
        const isGone = error instanceof Problem && GONE.includes(error.status);
        if (!isGone || this._withdrawn === MAX_WITHDRAWN) throw error;
        this._withdrawn += 1;
        await changeState(stores, state, forgetPending);
      }
      state = await this._showProgress();
      if (!nextPending(state)) await sweepParts(stores, new Set());
    }
  }

  /** @param {Offer} offer */
  async _downloadAndApply(offer) {
    const { stores, report, now } = this._context;
    const part = new Part(stores, offer.sha256, offer.bytes, true);
    await this._download(offer, part);
    let data;
    try {
      data = await part.content();
    } catch (error) {
      if (!(error instanceof Damaged)) throw error;
      this._brokenLinks = MAX_BROKEN_LINKS;
      await this._download(offer, part);
      data = await part.content();
    }
    const result = await applySegment(stores, offer, await readSegment(offer, data), now());
    await part.delete();
    if (!result.applied) return;
    report.segments += 1;
    report.put += result.put;
    report.gone += result.gone;
  }

  /**
   * Fetch until the part has the size that was offered.
   *
   * @param {Offer} offer
   * @param {Part} part
   */
  async _download(offer, part) {
    if ((await part.size()) > offer.bytes) await part.delete();
    let emptied = false;
    for (let size = await part.size(); size < offer.bytes; ) {
      if (!(offer.url && (await this._fromLink(offer, offer.url)))) {
        await this._fetch(`/v1/segments/${offer.sha256}`, part, { token: true });
      }
      const before = size;
      size = await part.size();
      if (size > before) continue;
      if (size || emptied) throw new Damaged(`the reply has no new bytes of segment ${offer.sha256}`);
      emptied = true;
    }
  }

  /**
   * Fetch from a link that needs no token; say whether bytes arrived. A link may have expired, or lead to an object
   * store, whose ETag is not the segment's name.
   *
   * @param {Offer} offer
   * @param {string} url
   */
  async _fromLink(offer, url) {
    if (this._brokenLinks >= MAX_BROKEN_LINKS) return false;
    const part = new Part(this._context.stores, offer.sha256, offer.bytes, false);
    const before = await part.size();
    try {
      await this._fetch(url, part, { token: false });
    } catch (error) {
      if (!(error instanceof Temporary)) throw error;
      if ((await part.size()) > before) throw error;
      this._brokenLinks += 1;
      return false;
    }
    return (await part.size()) > before;
  }

  /**
   * @param {string} where
   * @param {Part} part
   * @param {{ token: boolean }} options
   */
  async _fetch(where, part, options) {
    const { session, report, onProgress } = this._context;
    /** @type {ReturnType<Part["writer"]> | null} */
    let writer = null;
    try {
      const headers = await part.rangeHeaders();
      const begin = (/** @type {number} */ status, /** @type {Headers} */ replyHeaders) => {
        const started = part.writer(status, replyHeaders, (size) => {
          report.downloaded += size;
          onProgress(report);
        });
        writer = started;
        return (/** @type {Uint8Array} */ piece) => started.write(piece);
      };
      if (!(await session.download(where, headers, begin, options))) await part.delete();
    } finally {
      await /** @type {ReturnType<Part["writer"]> | null} */ (writer)?.flush();
    }
  }

  /** Report how much of the list has been applied, and return the state. */
  async _showProgress() {
    const { stores, report, onProgress } = this._context;
    const state = await stores.replica.read(readState);
    const now = progress(state);
    if (now.segments || report.download.segments) {
      const { segments, bytes, rows } = report.download;
      // After the last segment the list itself has been deleted.
      const finished = {
        segments,
        bytes,
        bytesApplied: bytes,
        rows,
        rowsApplied: rows,
        usable: true,
        coming: null,
      };
      report.download = now.segments ? now : finished;
      onProgress(report);
    }
    return state;
  }
}
