/** Compares the replica with the server's checksum after a complete page, and repairs it where it differs. */

import { adoptChecksum, matchesServer, rehash, rehashDue } from "../store/checks.js";
import { changeState } from "../store/replica.js";
import { readState, resetCursor } from "../store/state.js";
import { Verifier } from "./verify.js";

/** Verification rounds that may leave a difference, before everything is fetched again. */
const MAX_REPAIRS = 3;
/** Verification rounds in one sync during which the server changed; after them the next sync tries again. */
const MAX_PULLS = 6;
/** Limits full downloads: a fault in a program must not make the device fetch everything again and again. */
const REFETCH_EVERY = 86_400_000;

/** Compares, verifies, pulls where needed, and compares again. */
export class ReplicaChecker {
  /**
   * @param {import("./context.js").SyncContext} context
   * @param {import("./pull.js").Puller} puller
   * @param {string} appVersion
   */
  constructor(context, puller, appVersion) {
    this._context = context;
    this._puller = puller;
    this._verifier = new Verifier(context, appVersion);
  }

  /** Verify the replica, or note in the report why it cannot be verified now. */
  async run() {
    const { stores, report } = this._context;
    const before = await stores.replica.read(readState);
    if (this._context.rehash || rehashDue(before)) report.altered = await rehash(stores);
    let repairs = 0;
    let pulls = 0;
    while (!(await matchesServer(stores))) {
      if (pulls === MAX_PULLS) {
        report.notes.push({ code: "server_kept_changing", about: "" });
        return;
      }
      if (repairs === MAX_REPAIRS) {
        if (!(await this._startRefetch())) return;
        repairs = 0;
      } else {
        const state = await stores.replica.read(readState);
        const outcome = await this._verifier.runRound();
        if (outcome === "equal" && state.check === null) {
          await adoptChecksum(stores, state);
          continue;
        }
        if (outcome !== "pull") {
          repairs += 1;
          continue;
        }
        pulls += 1;
      }
      report.complete = false;
      await this._puller.untilComplete();
    }
    report.verified = true;
  }

  /** Drop the cursor, so that everything is fetched again, at most once a day; say whether it was done. */
  async _startRefetch() {
    const { stores, report } = this._context;
    const state = await stores.replica.read(readState);
    const last = state.refetchedAt === null ? Number.NaN : Date.parse(state.refetchedAt);
    if (state.serverTime && Date.parse(state.serverTime) - last < REFETCH_EVERY) {
      report.notes.push({ code: "replica_differs", about: "" });
      return false;
    }
    await changeState(stores, state, (current) => {
      resetCursor(current);
      current.refetchedAt = current.serverTime;
    });
    return true;
  }
}
