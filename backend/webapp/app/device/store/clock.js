/**
 * The device's clock, corrected by the server's: phones with a clock that is years wrong are not rare.
 *
 * Each reply tells the server's time, which is stored with this device's time. A browser does not tell how long the
 * phone has been running (`performance.now` stops while it sleeps), so a wrong clock is assumed to keep an even rate.
 */

import { readJson, writeJson } from "./outbox_database.js";

/** @typedef {{ server: number, device: number }} Reading Unix times in milliseconds at the same moment. */

/** A clock that is wrong by less is used as it is. */
const TOLERATED = 5 * 60_000;
/** A clock that was wrong, and shows a time this soon after the last reply, has been corrected by a person. */
const CORRECTED_WITHIN = 31 * 86_400_000;
/** A clock that shows a later time than this after the last reply is not believed. */
const LONGEST_SILENCE = 366 * 86_400_000;
const STORED_EVERY = 3_600_000;

/** The time for business dates and for `captured_at`. */
export class DeviceClock {
  /**
   * @param {import("./stores.js").Stores} stores
   * @param {() => number} wall returns the time that the device shows, in milliseconds since 1970
   */
  constructor(stores, wall) {
    this._stores = stores;
    this._wall = wall;
    /** @type {Promise<Reading | null> | null} */
    this._stored = null;
  }

  /** Return the time: that of the device's clock, unless the server has shown that it is wrong. */
  async now() {
    const wall = this._wall();
    const moment = trueTime(await this._reading(), wall);
    return moment === null || Math.abs(wall - moment) <= TOLERATED ? wall : moment;
  }

  /**
   * Return both times if this device's clock is wrong, else null.
   *
   * @returns {Promise<{ shown: number, server: number } | null>}
   */
  async warning() {
    const wall = this._wall();
    const moment = trueTime(await this._reading(), wall);
    return moment === null || Math.abs(wall - moment) <= TOLERATED ? null : { shown: wall, server: moment };
  }

  /**
   * Store the server's time from a reply: its JSON *value*, and its header `Date`, which may be empty.
   *
   * @param {any} value
   * @param {string} date
   */
  async noteReply(value, date) {
    const text = value?.page?.server_time ?? value?.server_time ?? date;
    const server = typeof text === "string" ? Date.parse(text) : Number.NaN;
    if (Number.isNaN(server)) return;
    const wall = this._wall();
    const stored = await this._reading();
    const known = trueTime(stored, wall);
    const isRecent = stored !== null && Math.abs(server - stored.server) < STORED_EVERY;
    if (isRecent && known !== null && Math.abs(server - known) <= 60_000) return;
    const reading = { server, device: wall };
    await this._stores.outbox.write((transaction) => writeJson(transaction, "clock", "current", reading));
    this._stored = Promise.resolve(reading);
  }

  /** Forget what was read; the stored reading has been deleted. */
  forget() {
    this._stored = null;
  }

  _reading() {
    this._stored ??= this._stores.outbox.read((transaction) => readJson(transaction, "clock", "current"));
    this._stored.catch(() => this.forget());
    return this._stored;
  }
}

/**
 * Return the time by the server's last reply, in milliseconds; null if there was none.
 *
 * @param {Reading | null} stored
 * @param {number} wall
 * @returns {number | null}
 */
export function trueTime(stored, wall) {
  if (!stored) return null;
  const since = wall - stored.server;
  if (since >= -TOLERATED && since <= CORRECTED_WITHIN) return wall;
  // The clock has moved on since, even if it is wrong.
  const moved = wall - stored.device;
  return moved >= 0 && moved <= LONGEST_SILENCE ? stored.server + moved : stored.server;
}

/** @param {number} milliseconds Return the instant as the wire writes it: `2026-11-23T08:43:13.457Z`. */
export function instant(milliseconds) {
  return new Date(milliseconds).toISOString();
}

/**
 * Return the date of the instant in the time zone *zone*, as ISO 8601.
 *
 * @param {number} milliseconds
 * @param {string} zone IANA name
 */
export function dateIn(milliseconds, zone) {
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone: zone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  });
  return format.format(milliseconds);
}
