/**
 * Verification: find the rows in which the replica differs from the server, and replace them.
 *
 * It narrows down from all rows to streams, from a stream to key ranges, from a small range to rows. Each request
 * carries the cursor, and an answer is applied only by a device that still has that cursor.
 */

import { asWire, equals } from "../checksum.js";
import { ContractBroken } from "../errors.js";
import { LIMITS, SCHEMA_REVISION } from "../limits.js";
import { list, readChecksum, readPut, readStream, text, textOrNull } from "../page.js";
import { ofRange, ofStreams, rowHashes } from "../store/checks.js";
import { change, DISCARDED, note } from "../store/replica.js";
import { rowsOf } from "../store/row.js";
import { readState, submissionStates } from "../store/state.js";

/** @typedef {import("../store/checks.js").Part} Part */
/** @typedef {import("../store/state.js").SyncState} SyncState */
/** @typedef {"equal" | "repaired" | "pull"} Outcome pull: before the next comparison, the server has moved on */

/** Requests in one round; a server that needs more is wrong. */
const MAX_REQUESTS = 1_000;

/** Asks the server where the replica differs, and applies its answers. */
export class Verifier {
  /**
   * @param {import("./context.js").SyncContext} context
   * @param {string} appVersion
   */
  constructor(context, appVersion) {
    this._context = context;
    this._appVersion = appVersion;
  }

  /**
   * Compare everything once and repair what differs. Repairs made so far stay if the connection breaks.
   *
   * @returns {Promise<Outcome>}
   * @throws {ContractBroken} if the server's reply breaks the protocol
   */
  async runRound() {
    const { stores } = this._context;
    let state = await stores.replica.read(readState);
    const sums = await ofStreams(stores);
    if (sums.length > LIMITS.verify_streams) throw new ContractBroken(`the replica has ${sums.length} streams`);
    /** @type {Record<string, unknown>} */
    let request = {
      sums: sums.map((sum) => ({ channel: sum.channel, collection: sum.collection, ...asWire(sum) })),
    };
    /** @type {Outcome} */
    let outcome = "equal";
    /** @type {Part[]} */
    const splitLater = [];
    /** @type {Part[]} */
    const rowsLater = [];
    /** @type {Part[]} */
    let split = [];
    for (let count = 0; count < MAX_REQUESTS; count++) {
      const answer = await this._request(state, request);
      if (answer.pullFirst || answer.cursor !== null) outcome = "pull";
      else if (outcome === "equal" && answer.differs) outcome = "repaired";
      if (!(await this._apply(state, answer))) return "pull";
      state = await stores.replica.read(readState);
      await this._compare(answer.ranges, { split, splitLater, rowsLater });
      split = splitLater.splice(0, LIMITS.verify_ranges);
      const rows = rowsLater.splice(0, LIMITS.verify_ranges);
      if (!split.length && !rows.length) return outcome;
      const compared = [];
      for (const part of rows) compared.push({ ...part, rows: await rowHashes(stores, part) });
      request = { split, rows: compared };
    }
    throw new ContractBroken("the server reports differences without end");
  }

  /**
   * @param {SyncState} state
   * @param {Record<string, unknown>} request
   */
  async _request(state, request) {
    const envelope = {
      cursor: state.cursor,
      schema: SCHEMA_REVISION,
      app_version: this._appVersion,
      ...request,
    };
    const json = JSON.stringify(envelope);
    const { value } = await this._context.session.request("POST", "/v1/verify", { json });
    if (value?.epoch !== state.epoch)
      throw new ContractBroken("the reply to the verification has another epoch");
    const repairs = list(value.repairs, "repairs").map((repair) => {
      const stream = readStream([repair?.channel, repair?.collection]);
      return {
        put: list(repair.put, "put").map((entry) => readPut(stream, entry)),
        gone: list(repair.gone, "gone").map((key) => ({ ...stream, key: text(key, "key") })),
      };
    });
    const ranges = list(value.ranges, "ranges").map((range) => ({
      part: {
        ...readStream([range?.channel, range?.collection]),
        from: text(range.from, "from"),
        to: textOrNull(range.to, "to"),
      },
      sum: readChecksum(range),
    }));
    const drop = list(value.drop, "drop").map(readStream);
    return {
      cursor: textOrNull(value.cursor, "cursor"),
      drop,
      pullFirst: list(value.pull_first, "pull_first").length > 0,
      ranges,
      put: repairs.flatMap((repair) => repair.put),
      gone: repairs.flatMap((repair) => repair.gone),
      differs: drop.length + ranges.length + repairs.length > 0,
    };
  }

  /**
   * Apply an answer in one transaction; say whether the replica was still at *state*.
   *
   * @param {SyncState} state
   * @param {Awaited<ReturnType<Verifier["_request"]>>} answer
   */
  async _apply(state, { drop, cursor, put, gone }) {
    const { stores, report, now } = this._context;
    const rows = await rowsOf(put);
    const result = await change(stores, state, now(), async (_transaction, current, changes, journal) => {
      if (!drop.length && cursor === null && !rows.length && !gone.length)
        return { ...DISCARDED, applied: true };
      for (const stream of drop) await changes.removeStream(stream, "dropped");
      const before = changes.gone;
      await changes.load([...rows, ...gone]);
      for (const { channel, collection, key } of gone) {
        const stored = changes.row(collection, key);
        if (stored?.channel === channel) changes.remove(stored, "repaired");
      }
      for (const row of rows) changes.store(row, { override: true });
      await changes.write();
      current.verified = false;
      if (cursor !== null) Object.assign(current, { cursor, etag: null, complete: false, check: null });
      const records = put.filter((row) => row.collection === "submissions").map((row) => row.record);
      note(current, { submissions: submissionStates(records), journal });
      return { ...DISCARDED, applied: true, put: changes.put, gone: changes.gone - before };
    });
    report.repaired += result.put;
    report.removed += result.gone;
    return result.applied;
  }

  /**
   * Queue those of *ranges* in which the replica differs; small ones are compared row by row.
   *
   * @param {{ part: Part, sum: import("../page.js").ChecksumJson }[]} ranges
   * @param {{ split: Part[], splitLater: Part[], rowsLater: Part[] }} queue split: what was to be split
   */
  async _compare(ranges, { split, splitLater, rowsLater }) {
    const { stores } = this._context;
    const requested = new Set(split.map((part) => JSON.stringify(part)));
    for (const { part, sum } of ranges) {
      if (requested.has(JSON.stringify(part))) {
        throw new ContractBroken("the server did not split a key range as requested");
      }
      if (equals(await ofRange(stores, part), sum)) continue;
      if (sum.count > LIMITS.verify_rows) splitLater.push(part);
      else rowsLater.push(...pieces(part, await rowHashes(stores, part)));
    }
  }
}

/**
 * Cut *part* at the device's keys, so that each piece has at most `verify_rows` rows of the device.
 *
 * @param {Part} part
 * @param {[string, string][]} rows
 * @returns {Part[]}
 */
function pieces(part, rows) {
  const cuts = rows.map(([key]) => key).filter((_, n) => n > 0 && n % LIMITS.verify_rows === 0);
  const starts = [part.from, ...cuts];
  const ends = [...cuts, part.to];
  return starts.map((from, n) => ({ ...part, from, to: ends[n] ?? null }));
}
