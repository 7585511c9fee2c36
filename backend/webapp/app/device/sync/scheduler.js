/**
 * Decides when to sync: at the start, when the app becomes visible, when a network appears, after a capture, and
 * after `poll_after`; after a failure with jitter, and never sooner than the server allows.
 *
 * "Online" means that our server has answered. A radio that is on says nothing: it may lead to a sign-in page.
 */

import { DeviceError, EnrolAgain, NotEnrolled, NotOurServer, Offline, Revoked } from "../errors.js";
import { Leader } from "./leader.js";
import { Backoff } from "./schedule.js";

/** @typedef {"unknown" | "online" | "offline" | "portal" | "trouble"} Connection trouble: the server answered badly */
/**
 * @typedef {{ code: string, technical: string, about: string }} Trouble
 */
/**
 * @typedef {{
 *   leads: boolean, syncing: boolean, connection: Connection, answeredAt: string | null, nextAt: number | null,
 *   failures: number, trouble: Trouble | null, stop: "enrol_again" | "revoked" | null,
 *   download: import("../store/offers.js").DownloadProgress | null, received: number,
 *   news: { lost: import("./report.js").Change[], gained: import("./report.js").Change[] } | null,
 *   notes: import("./report.js").Note[], results: import("../store/outbox.js").PushResult[],
 * }} Activity
 * `nextAt`: Unix time in milliseconds. `stop`: syncing has ended until the rep enrols again. `news` and `results` are
 * those of the last sync.
 */

/** Failures in a row after which a screen says "stuck" rather than "waiting". */
export const STUCK_AFTER = 3;
const PROGRESS_EVERY_MS = 150;
/** How often the server is told although nothing was sent or received. */
const REPORT_EVERY_MS = 3_600_000;

/** Syncs a device when it is time to. */
export class Scheduler {
  /**
   * @param {import("../device.js").Device} device
   * @param {{ onActivity: (activity: Activity) => void, onChanged: () => void, draw?: () => number }} options
   *   onChanged: what is stored has changed
   */
  constructor(device, { onActivity, onChanged, draw = Math.random }) {
    this._device = device;
    this._onActivity = onActivity;
    this._onChanged = onChanged;
    this._backoff = new Backoff(draw);
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this._timer = undefined;
    this._again = false;
    // What `activity` says may be about the window that led before.
    this._isRunning = false;
    this._notBefore = 0;
    this._shownAt = -Infinity;
    this._reportedAt = -Infinity;
    /** @type {Activity} */
    this.activity = {
      leads: false,
      syncing: false,
      connection: "unknown",
      answeredAt: null,
      nextAt: null,
      failures: 0,
      trouble: null,
      stop: null,
      download: null,
      received: 0,
      news: null,
      notes: [],
      results: [],
    };
    this._leader = new Leader(`satchel-leader${device.stores.suffix}`, (leads) => {
      this._show({ leads, syncing: this._isRunning });
      if (leads) void this.wake();
      else clearTimeout(this._timer);
    });
    this._channel = new BroadcastChannel(`satchel${device.stores.suffix}`);
    this._channel.onmessage = ({ data }) => this._receive(data);
  }

  /** Begin: lead, or listen to the window that leads. */
  start() {
    void this._leader.run();
  }

  stop() {
    clearTimeout(this._timer);
    this._leader.stop();
    this._channel.close();
  }

  /** @param {boolean} isVisible The window became visible, or hidden. */
  setVisible(isVisible) {
    if (isVisible) void this.wake();
    else if (!this._isRunning) this._leader.yieldToOthers();
  }

  /**
   * Sync as soon as possible, here or in the window that leads. *impatient*: the rep asked, so a waiting time of the
   * app's own is cut short; one that the server requires is not.
   *
   * @param {{ impatient?: boolean }} [options]
   */
  async wake({ impatient = false } = {}) {
    if (!this._leader.leads) {
      this._channel.postMessage({ wake: true, impatient });
      return;
    }
    if (impatient) this._backoff.failures = 0;
    if (this._isRunning) {
      this._again = true;
      return;
    }
    const wait = this._notBefore - Date.now();
    if (wait > 0) this._plan(wait / 1000);
    else await this._run();
  }

  /** Tell the other windows, and the leader, that something was stored here. */
  stored() {
    this._tellChanged();
    void this.wake();
  }

  _tellChanged() {
    this._onChanged();
    this._channel.postMessage({ changed: true });
  }

  /** The rep has enrolled: sync again. */
  enrolled() {
    this._backoff.failures = 0;
    this._notBefore = 0;
    this._show({ stop: null, trouble: null, failures: 0, connection: "online" });
    this.stored();
  }

  async _run() {
    clearTimeout(this._timer);
    this._again = false;
    this._isRunning = true;
    this._show({ syncing: true, nextAt: null });
    try {
      const report = await this._device.sync({
        onProgress: (progress) => this._showProgress(progress),
        onUpload: () => this._tellChanged(),
      });
      const { lost, gained, notes, results, problem } = report;
      const news = lost.length || gained.length ? { lost, gained } : this.activity.news;
      this._show({ notes, results, news, download: null });
      if (problem) this._failed(problem);
      else this._succeeded(report.pollAfter);
      if (!problem) await this._report(report.isIdle);
    } catch (error) {
      this._failed(error);
    }
    this._isRunning = false;
    this._show({ syncing: false });
    this._tellChanged();
    if (this._again && !this.activity.stop) void this.wake();
  }

  /** @param {boolean} isIdle Tell the server what is not sent; it decides nothing, so a failure is ignored. */
  async _report(isIdle) {
    const now = performance.now();
    if (isIdle && now - this._reportedAt < REPORT_EVERY_MS) return;
    this._reportedAt = now;
    await this._device.report().catch(() => undefined);
  }

  /** @param {number} pollAfter */
  _succeeded(pollAfter) {
    this._notBefore = 0;
    const answeredAt = new Date().toISOString();
    this._show({ connection: "online", answeredAt, failures: 0, trouble: null });
    this._plan(this._backoff.afterSuccess(pollAfter));
  }

  /** @param {unknown} error */
  _failed(error) {
    if (error instanceof NotEnrolled) return;
    const known = error instanceof DeviceError ? error : null;
    const trouble = {
      code: known?.code ?? "app_fault",
      technical: known?.technical || String(error),
      about: "",
    };
    if (error instanceof Revoked) return this._show({ stop: "revoked", trouble });
    if (error instanceof EnrolAgain) return this._show({ stop: "enrol_again", trouble });
    const isPortal = error instanceof NotOurServer;
    const connection = isPortal ? "portal" : error instanceof Offline ? "offline" : "trouble";
    const retryAfter = known && "retryAfter" in known ? /** @type {number | null} */ (known.retryAfter) : null;
    this._notBefore = retryAfter === null ? 0 : Date.now() + retryAfter * 1000;
    const wait = this._backoff.afterFailure(retryAfter);
    this._show({ connection, trouble, failures: this._backoff.failures });
    return this._plan(wait);
  }

  /** @param {number} seconds */
  _plan(seconds) {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => void this._run(), seconds * 1000);
    this._show({ nextAt: Date.now() + seconds * 1000 });
  }

  /** @param {import("./report.js").SyncReport} report */
  _showProgress({ download, downloaded }) {
    const now = performance.now();
    const isFirst = download.segments > 0 && this.activity.download === null;
    const isLast = download.bytes === download.bytesApplied;
    if (!isFirst && !isLast && now - this._shownAt < PROGRESS_EVERY_MS) return;
    this._shownAt = now;
    this._show({ download: download.segments ? download : null, received: downloaded, connection: "online" });
    if (download.segments) this._onChanged();
  }

  /** @param {Partial<Activity>} change */
  _show(change) {
    this.activity = { ...this.activity, ...change };
    this._onActivity(this.activity);
    if (this.activity.leads) this._channel.postMessage({ activity: this.activity });
  }

  /** @param {any} message of another window */
  _receive({ wake, impatient, changed, activity }) {
    if (wake && this._leader.leads) void this.wake({ impatient });
    if (changed) void this._device.refreshSearch().then(() => this._onChanged());
    if (activity && !this._leader.leads) {
      this.activity = { ...activity, leads: false };
      this._onActivity(this.activity);
    }
  }
}
