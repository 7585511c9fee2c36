/**
 * The export: what the server does not have, in a zip file that `satchel import-unsent` of the server reads.
 *
 * `documents.json` has the submissions as they would have been pushed, `receipts/` the files by sha256, `about.json`
 * the ids of rep and device.
 */

import { processings } from "../store/outbox.js";
import { listJson, readBytes, readJson } from "../store/outbox_database.js";
import { zip } from "./zip.js";

/** @typedef {{ bytes: Uint8Array<ArrayBuffer>, name: string, count: number }} Export count: documents and receipts */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Return the export, or null if the server has everything.
 *
 * @param {import("../store/stores.js").Stores} stores
 * @returns {Promise<Export | null>}
 */
export async function exportUnsent(stores) {
  const { documents, photos, session, rep } = await stores.outbox.read(async (transaction) => {
    const all = await processings(transaction);
    const infos = new Map(await listJson(transaction, "photo_info"));
    const unsent = [];
    /** @type {string | null} */
    let author = null;
    for (const [id, { dismissed, due, mark, rep: captor }] of all) {
      const frozen = !dismissed && (due || mark) ? await readBytes(transaction, "document", id) : null;
      if (!frozen) continue;
      unsent.push(decoder.decode(frozen));
      author ??= captor;
    }
    /** @type {Map<string, Uint8Array>} */
    const files = new Map();
    for (const [, { dismissed, photos: cited }] of all) {
      for (const sha256 of dismissed ? [] : cited) {
        if (infos.get(sha256)?.uploaded) continue;
        const bytes = await readBytes(transaction, "photo", sha256);
        if (bytes) files.set(sha256, bytes);
      }
    }
    const enrolled = await readJson(transaction, "session", "current");
    return { documents: unsent, photos: files, session: enrolled, rep: author };
  });
  if (!documents.length && !photos.size) return null;
  // After signing out there is no session, and the office has to know whose documents these are.
  const about = { rep: session?.rep ?? rep, device: session?.device_id ?? null };
  const bytes = await zip([
    ["documents.json", encoder.encode(`[${documents.join(",\n")}]`)],
    ["about.json", encoder.encode(JSON.stringify(about))],
    ...[...photos].map(([sha256, data]) => /** @type {[string, Uint8Array]} */ ([`receipts/${sha256}`, data])),
  ]);
  const device = String(session?.device_id ?? "").replace(/[^A-Za-z0-9_-]/g, "") || "device";
  return { bytes, name: `unsent-${device}.zip`, count: documents.length + photos.size };
}
