/** The result of one sync. If it stopped early, `problem` says why; what was done until then stays done. */

import { NOTHING } from "../store/offers.js";

/** Counts of one sync. */
export class SyncReport {
  constructor() {
    this.pages = 0;
    /** Records stored. */
    this.put = 0;
    /** Records deleted. */
    this.gone = 0;
    /** Streams that the server dropped, with the number of rows. @type {{ stream: Stream, count: number }[]} */
    this.dropped = [];
    /** What the rep no longer has, with the number of records. @type {Change[]} */
    this.lost = [];
    /** What the rep has now and did not have before. @type {Change[]} */
    this.gained = [];
    /** Everything was fetched again. */
    this.reset = false;
    /** The server began a new epoch; the records were kept and compared. */
    this.rebased = false;
    /** Offered segments, and how much of them has been applied. @type {import("../store/offers.js").DownloadProgress} */
    this.download = NOTHING;
    /** Segments applied. */
    this.segments = 0;
    /** Bytes of segments that arrived. */
    this.downloaded = 0;
    /** The replica was found equal to the server's checksum. */
    this.verified = false;
    /** Records whose stored hash did not match their body. */
    this.altered = 0;
    /** Records that a verification replaced. */
    this.repaired = 0;
    /** Records that a verification deleted. */
    this.removed = 0;
    /** There was nothing new. */
    this.unchanged = false;
    /** @type {import("../store/outbox.js").PushResult[]} */
    this.results = [];
    /** Receipts sent. */
    this.receipts = 0;
    /** What a person should know: codes of sentences, with what they are about. @type {Note[]} */
    this.notes = [];
    /** Bytes of bodies in transit. */
    this.received = 0;
    this.sent = 0;
    /** The server has nothing above the cursor. */
    this.complete = false;
    /** @type {import("../errors.js").DeviceError | null} */
    this.problem = null;
    /** Seconds until the next poll. */
    this.pollAfter = 60;
  }

  /** Whether there was nothing to send and nothing new. */
  get isIdle() {
    const { unchanged, problem, results, receipts, notes } = this;
    return unchanged && !problem && !results.length && !receipts && !notes.length;
  }
}

/** @typedef {import("../page.js").Stream} Stream */
/** @typedef {{ code: string, about: string }} Note */
/**
 * @typedef {{ dimension: string, value: string, name: string | null, collection: string | null, count: number }} Change
 * A channel (`territory`, `NW`), or a single collection of it.
 */
