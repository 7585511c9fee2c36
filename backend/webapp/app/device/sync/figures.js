/** The figures of recent syncs, for the settings screen and for the server, and the inventory of unsent documents. */

import { ulid } from "../ids.js";
import { forgetOldest } from "../store/deletions.js";
import { processings } from "../store/outbox.js";
import { listJson, writeJson } from "../store/outbox_database.js";

/**
 * @typedef {{ at: string, milliseconds: number, sent: number, received: number, rows: number, removed: number,
 *   segments: number, documents: number, receipts: number, complete: boolean, verified: boolean, problem: string,
 *   app: string }} Figures
 * `sent` and `received` are bytes; `problem` is the code of the error that stopped the sync, or empty.
 */

const KEPT = 100;

/**
 * Return the figures of a sync that began at *at* and took *milliseconds*.
 *
 * @param {import("./report.js").SyncReport} report
 * @param {{ at: string, milliseconds: number, app: string }} options
 * @returns {Figures}
 */
export function figuresOf(report, { at, milliseconds, app }) {
  return {
    at,
    milliseconds: Math.round(milliseconds),
    sent: report.sent,
    received: report.received,
    rows: report.put + report.repaired,
    removed: report.gone + report.removed + report.dropped.reduce((sum, { count }) => sum + count, 0),
    segments: report.segments,
    documents: report.results.length,
    receipts: report.receipts,
    complete: report.complete,
    verified: report.verified,
    problem: report.problem?.code ?? "",
    app,
  };
}

/**
 * Store the figures of a sync.
 *
 * @param {import("../store/stores.js").Stores} stores
 * @param {Figures} figures
 */
export async function storeFigures(stores, figures) {
  await stores.outbox.write(async (transaction) => {
    await writeJson(transaction, "sync", ulid(Date.now()), figures);
    await forgetOldest(transaction, "sync", KEPT);
  });
}

/**
 * Return the figures of recent syncs, newest first.
 *
 * @param {import("../store/stores.js").Stores} stores
 * @returns {Promise<Figures[]>}
 */
export async function recentSyncs(stores) {
  const listed = await stores.outbox.read((transaction) => listJson(transaction, "sync"));
  return listed.map(([, figures]) => figures).reverse();
}

/**
 * Return the ids of the documents that the server may not have.
 *
 * @param {import("../store/stores.js").Stores} stores
 * @returns {Promise<string[]>}
 */
export async function unsentIds(stores) {
  const listed = await stores.outbox.read(processings);
  return listed.filter(([, { dismissed, due, mark }]) => !dismissed && (due || mark)).map(([id]) => id);
}
