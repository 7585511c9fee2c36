/**
 * The report to the server: what is on this phone and not sent, and the figures of the syncs since the last report.
 *
 * It decides nothing, so a failure is ignored: the next report says the same, and more.
 */

import { LIMITS } from "../limits.js";
import { processings } from "../store/outbox.js";
import { listJson, readJson, writeJson } from "../store/outbox_database.js";

/** @typedef {import("./figures.js").Figures} Figures */

/**
 * Return the report (`POST /v1/report`), and the id of the newest sync in it.
 *
 * @param {import("../store/stores.js").Stores} stores
 * @param {string} appVersion
 */
export async function deviceReport(stores, appVersion) {
  const { documents, syncs, last } = await stores.outbox.read(async (transaction) => ({
    documents: await processings(transaction),
    syncs: await listJson(transaction, "sync"),
    last: await readJson(transaction, "report", "last"),
  }));
  const unsent = documents.filter(([, { dismissed, due, mark }]) => !dismissed && (due || mark));
  const fresh = syncs.filter(([id]) => id > (last?.until ?? "")).slice(0, LIMITS.report_syncs);
  const report = {
    app_version: (appVersion || "unknown").slice(0, 60),
    platform: navigator.userAgent.slice(0, 120),
    unsent: unsent.slice(0, LIMITS.report_unsent).map(([id, { kind, captured_at, mark, errors }]) => ({
      id,
      kind,
      captured_at,
      problem: mark && (errors[0]?.code ?? mark).slice(0, 60),
    })),
    unsent_total: unsent.length,
    syncs: fresh.map(([, figures]) => asWire(figures)),
  };
  return { report, until: fresh.at(-1)?.[0] ?? null };
}

/**
 * Store that the syncs up to *until* were reported.
 *
 * @param {import("../store/stores.js").Stores} stores
 * @param {string | null} until
 */
export async function noteReported(stores, until) {
  if (until !== null) {
    await stores.outbox.write((transaction) => writeJson(transaction, "report", "last", { until }));
  }
}

/** @param {Figures} figures */
function asWire({ at, milliseconds, sent, received, rows, removed, complete, problem }) {
  const count = rows + removed;
  return { began_at: at, milliseconds, sent, received, rows: count, complete, problem: problem || null };
}
