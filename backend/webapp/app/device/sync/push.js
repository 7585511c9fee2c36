/** Pushes the outbox in batches that the server accepts, so that one bad document never blocks the others. */

import { ContractBroken, Offline, Problem } from "../errors.js";
import { isUlid } from "../ids.js";
import { LIMITS } from "../limits.js";
import { list, text } from "../page.js";
import { changeProcessing, REFUSED, storeResults, TOO_LARGE } from "../store/outbox.js";

/** @typedef {import("../store/outbox.js").DueDocument} DueDocument */
/** @typedef {import("../store/outbox.js").PushResult} PushResult */
/** @typedef {import("../store/stores.js").Stores} Stores */

/** Space reserved for the cursor and the JSON around the documents. */
const ENVELOPE_BYTES = 32 * 1024;
/** Failures after which a document is pushed alone: it may be the one on which the server crashes. */
const ALONE_AFTER = 3;
/** Documents in a row that fail alone; then the server itself is at fault, and this sync stops pushing. */
const GIVE_UP_AFTER = 3;
/** Statuses that refuse a push as a whole; halving the batch finds the document that is the reason. */
const SPLITS = [400, 413, 422];
const STATUSES = ["received", "duplicate", "refused", "quarantined"];
const decoder = new TextDecoder();

/**
 * Yield the documents in batches within the limits of one push; one that failed often is a batch alone.
 *
 * @param {DueDocument[]} documents
 * @returns {Generator<DueDocument[]>}
 */
export function* batches(documents) {
  /** @type {DueDocument[]} */
  let batch = [];
  let size = ENVELOPE_BYTES;
  for (const document of documents) {
    const alone = document.failures >= ALONE_AFTER;
    const full =
      batch.length === LIMITS.push_submissions || size + document.frozen.length + 1 > LIMITS.push_bytes;
    if (batch.length && (full || alone)) {
      yield batch;
      batch = [];
      size = ENVELOPE_BYTES;
    }
    batch.push(document);
    size += document.frozen.length + 1;
    if (alone) {
      yield batch;
      batch = [];
      size = ENVELOPE_BYTES;
    }
  }
  if (batch.length) yield batch;
}

/**
 * Return the documents as a JSON array that contains their frozen bytes unchanged.
 *
 * @param {DueDocument[]} documents
 */
export function jsonArray(documents) {
  return `[${documents.map((document) => decoder.decode(document.frozen)).join(",")}]`;
}

/** Pushes batches, and halves those that the server refuses as a whole. */
export class Pusher {
  /**
   * @param {Stores} stores
   * @param {import("../session/session.js").Session} session
   * @param {import("./report.js").SyncReport} report
   */
  constructor(stores, session, report) {
    this._stores = stores;
    this._session = session;
    this._report = report;
    this._failedAlone = 0;
  }

  /**
   * Push *documents*; results so far stay stored if an error is thrown.
   *
   * @param {DueDocument[]} documents
   */
  async push(documents) {
    await this.recordAttempt(documents);
    let reply;
    try {
      reply = await this._session.request("POST", "/v1/push", {
        json: `{"submissions":${jsonArray(documents)}}`,
      });
    } catch (error) {
      await this.handleRefusal(documents, error);
      return;
    }
    this._failedAlone = 0;
    await this.storeResults(documents, reply.value?.results);
  }

  /** @param {DueDocument[]} documents Store, before a request, that the server may have these from now on. */
  async recordAttempt(documents) {
    await this._change(documents, ({ attempts }) => ({ attempts: attempts + 1 }));
  }

  /**
   * Store the results in *value*, the list `results` of a reply.
   *
   * @param {DueDocument[]} documents
   * @param {unknown} value
   * @throws {ContractBroken} unless there is one for each document, in order
   */
  async storeResults(documents, value) {
    const results = list(value, "results").map(readResult);
    if (results.length !== documents.length) {
      throw new ContractBroken(
        `${documents.length} documents were pushed and ${results.length} results came back`,
      );
    }
    results.forEach(({ id }, n) => {
      const own = documents[n]?.id;
      if (id !== null && id !== own) throw new ContractBroken(`the result for document ${own} names ${id}`);
    });
    await this._stores.outbox.write((transaction) => storeResults(transaction, documents, results));
    this._report.results.push(...results);
  }

  /**
   * Split a batch that was refused as a whole, or stop pushing its document; else throw *error*.
   *
   * @param {DueDocument[]} documents
   * @param {unknown} error
   */
  async handleRefusal(documents, error) {
    const [first] = documents;
    if (refusesBatch(error) && first) {
      if (documents.length > 1) {
        const middle = Math.floor(documents.length / 2);
        await this.push(documents.slice(0, middle));
        await this.push(documents.slice(middle));
      } else {
        await this._stopPushing(first, error);
      }
      return;
    }
    if (!(await this._mayHaveCrashed(error))) throw error;
    await this._change(documents, ({ failures }) => ({ failures: failures + 1 }));
    this._failedAlone += 1;
    const alone = documents.length === 1 && (first?.failures ?? 0) >= ALONE_AFTER;
    if (!alone || this._failedAlone >= GIVE_UP_AFTER) throw error;
  }

  /**
   * Say whether the server may have failed on the request, rather than being busy or unreachable. `fetch` does not
   * tell a refused connection from one that broke, so the server is asked for something else.
   *
   * @param {unknown} error
   */
  async _mayHaveCrashed(error) {
    if (error instanceof Offline) {
      error.sent ||= await this._session.transport.answers();
      return error.sent;
    }
    return error instanceof Problem && [500, 502, 504].includes(error.status);
  }

  /**
   * @param {DueDocument} document
   * @param {Problem} problem
   */
  async _stopPushing(document, problem) {
    const mark = problem.status === 413 ? TOO_LARGE : REFUSED;
    const fault = { code: problem.problem || String(problem.status), field: "", message: problem.message };
    await this._change([document], () => ({ due: false, mark, errors: [fault] }));
    this._report.notes.push({ code: "document_not_pushed", about: document.id });
  }

  /**
   * @param {DueDocument[]} documents
   * @param {Parameters<typeof changeProcessing>[2]} change
   */
  async _change(documents, change) {
    await this._stores.outbox.write(async (transaction) => {
      for (const { id } of documents) await changeProcessing(transaction, id, change);
    });
  }
}

/**
 * Say whether *error* refuses a push as a whole; damage in transit says nothing about its documents.
 *
 * @param {unknown} error
 * @returns {error is Problem}
 */
export function refusesBatch(error) {
  return error instanceof Problem && SPLITS.includes(error.status) && error.problem !== "body_damaged";
}

/**
 * @param {any} value
 * @returns {PushResult}
 */
function readResult(value) {
  const isValid =
    (value?.id === null || isUlid(value?.id)) &&
    STATUSES.includes(value.status) &&
    (value.state === null || typeof value.state === "string") &&
    (value.sha256 === null || /^[0-9a-f]{64}$/.test(value.sha256));
  if (!isValid) throw new ContractBroken(`a result is not valid: ${JSON.stringify(value)?.slice(0, 200)}`);
  const { id, status, state, sha256 } = value;
  return { id, status, state, sha256, errors: faults(value.errors), warnings: faults(value.warnings ?? []) };
}

/** @param {unknown} value Return the faults; their fields of a newer server are kept. */
function faults(value) {
  return list(value, "errors").map((fault) => {
    for (const name of ["code", "field", "message"]) text(fault?.[name], name);
    return fault;
  });
}
