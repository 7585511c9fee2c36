/**
 * Uploads receipts in pieces, so that an upload survives a broken connection (tus 1.0.0: creation, HEAD, PATCH).
 *
 * Not tus-js-client: it repeats requests on its own schedule, follows `Location` to any host with the token, and keeps the
 * address of an upload in localStorage, which a browser may delete apart from the photo (docs/decisions/0049).
 */

import { base64 } from "../base64url.js";
import { ContractBroken, Problem } from "../errors.js";
import { sha256 } from "../sha256.js";
import { processings } from "../store/outbox.js";
import { listJson, readBytes, readJson, writeJson } from "../store/outbox_database.js";

/**
 * @typedef {{ sha256: string, mayUseAnyLine: boolean } & import("../store/photos.js").PhotoInfo} PendingReceipt
 * `mayUseAnyLine`: the rep wants a document that cites it sent now.
 */

const TUS = { "Tus-Resumable": "1.0.0" };
const UPLOAD = /\/v1\/receipts\/([A-Za-z0-9._~-]{1,128})$/;
/** On a slow line a piece of this size arrives before a phone gives up. */
const CHUNK = 256 * 1024;
const MIN_CHUNK = 16 * 1024;
/** How often in one sync the server may correct the offset of one receipt. */
const MAX_CORRECTIONS = 8;
/** What `upload` returns for a receipt that waits for Wi-Fi. */
export const HELD = "held";
const encoder = new TextEncoder();

/**
 * Return the receipts of documents that the server has, not uploaded yet or reported as missing.
 *
 * @param {import("../store/stores.js").Stores} stores
 * @param {string} rep
 * @returns {Promise<PendingReceipt[]>}
 */
export async function pendingReceipts(stores, rep) {
  const [documents, photos] = await stores.outbox.read(async (transaction) => [
    await processings(transaction),
    new Map(await listJson(transaction, "photo_info")),
  ]);
  const sent = documents.filter(
    ([, processing]) =>
      processing.rep === rep &&
      !processing.dismissed &&
      ["received", "duplicate", "quarantined"].includes(processing.status ?? ""),
  );
  const missing = await missingReceipts(
    stores,
    sent.filter(([, processing]) => processing.photos.length).map(([id]) => id),
  );
  /** @type {Map<string, PendingReceipt>} */
  const pending = new Map();
  for (const [, { photos: cited, any_line = false }] of sent) {
    for (const id of cited) {
      const info = photos.get(id);
      if (info && info.error === null && (!info.uploaded || missing.has(id)))
        pending.set(id, {
          ...info,
          sha256: id,
          mayUseAnyLine: any_line || pending.get(id)?.mayUseAnyLine === true,
        });
    }
  }
  return [...pending.values()];
}

/**
 * @param {import("../store/stores.js").Stores} stores
 * @param {string[]} ids
 */
async function missingReceipts(stores, ids) {
  return stores.replica.read(async (transaction) => {
    const missing = new Set();
    for (const id of ids) {
      const row = await transaction.objectStore("record").get(["submissions", id]);
      for (const reference of row?.record.missing ?? []) missing.add(String(reference).replace("sha256:", ""));
    }
    return missing;
  });
}

/** Uploads one receipt after another. */
export class Uploader {
  /** @param {import("./context.js").SyncContext} context */
  constructor(context) {
    this._context = context;
  }

  /**
   * Upload the rest of *receipt*; return a code if it cannot be sent, `HELD`, or null when the server has it.
   *
   * @param {PendingReceipt} receipt
   * @returns {Promise<string | null>}
   * @throws {import("../errors.js").Temporary} if the connection broke; the next call continues the upload
   */
  async upload(receipt) {
    const { stores } = this._context;
    if (this._isHeld(receipt)) return HELD;
    const data = await stores.outbox.read((transaction) => readBytes(transaction, "photo", receipt.sha256));
    if (!data || sha256(data) !== receipt.sha256) return this._giveUp(receipt, "receipt_damaged");
    try {
      if (!(await this._sendAll(receipt, data))) return HELD;
    } catch (error) {
      if (error instanceof Problem) {
        if (error.status === 413 || error.status === 415) return this._giveUp(receipt, error.code);
        if (error.status === 460) await this._store(receipt, { upload: null, arrived: 0 });
      }
      throw error;
    }
    await this._store(receipt, { upload: null, uploaded: true });
    return null;
  }

  /** @param {PendingReceipt} receipt Say whether it waits for Wi-Fi. */
  _isHeld(receipt) {
    return !receipt.mayUseAnyLine && this._context.holdsReceipts();
  }

  /**
   * Send the pieces that are missing; return false if the rest waits for Wi-Fi.
   *
   * @param {PendingReceipt} receipt
   * @param {Uint8Array<ArrayBuffer>} data
   */
  async _sendAll(receipt, data) {
    let { path, offset } = await this._resume(receipt);
    let chunk = CHUNK;
    let corrections = 0;
    while (offset < data.length) {
      await this._showArrived(receipt, offset);
      if (this._isHeld(receipt)) return false;
      const headers = {
        ...TUS,
        "Content-Type": "application/offset+octet-stream",
        "Upload-Offset": String(offset),
      };
      let reply;
      try {
        reply = await this._send("PATCH", path, headers, data.slice(offset, offset + chunk));
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        if (error.status === 413 && chunk > MIN_CHUNK) {
          chunk = Math.floor(chunk / 2);
          continue;
        }
        if (error.status !== 409 || corrections === MAX_CORRECTIONS) throw error;
        corrections += 1;
        offset = offsetOf(await this._send("HEAD", path, TUS), data.length);
        continue;
      }
      const previous = offset;
      offset = offsetOf(reply, data.length);
      if (offset <= previous) throw new ContractBroken(`the upload does not advance from byte ${previous}`);
    }
    return true;
  }

  /**
   * Store what the server has confirmed, so that a screen shows no more than that, also after the phone was off.
   *
   * @param {PendingReceipt} receipt
   * @param {number} arrived
   */
  async _showArrived(receipt, arrived) {
    await this._store(receipt, { arrived, uploaded: false });
    this._context.onUpload();
  }

  /**
   * Continue the upload or begin one.
   *
   * @param {PendingReceipt} receipt
   * @returns {Promise<{ path: string, offset: number }>}
   */
  async _resume(receipt) {
    if (receipt.upload) {
      try {
        const reply = await this._send("HEAD", receipt.upload, TUS);
        return { path: receipt.upload, offset: offsetOf(reply, receipt.bytes) };
      } catch (error) {
        if (!(error instanceof Problem) || ![404, 410].includes(error.status)) throw error;
      }
    }
    const metadata = Object.entries({
      sha256: receipt.sha256,
      filetype: receipt.filetype,
      filename: receipt.filename,
    }).map(([name, text]) => `${name} ${base64(encoder.encode(text))}`);
    const reply = await this._send("POST", "/v1/receipts", {
      ...TUS,
      "Upload-Length": String(receipt.bytes),
      "Upload-Metadata": metadata.join(","),
    });
    const offset = reply.headers.has("Upload-Offset") ? offsetOf(reply, receipt.bytes) : 0;
    if (offset === receipt.bytes) return { path: "", offset };
    // Only the id is used: the token must go to our server alone, also if a proxy has put another host there.
    const match = UPLOAD.exec(reply.headers.get("Location") ?? "");
    if (!match) throw new ContractBroken("the server accepted the upload but sent no Location");
    const path = `/v1/receipts/${match[1]}`;
    await this._store(receipt, { upload: path });
    return { path, offset };
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {Record<string, string>} headers
   * @param {Uint8Array<ArrayBuffer>} [bytes]
   */
  async _send(method, path, headers, bytes) {
    return this._context.session.request(method, path, { headers, bare: true, ...(bytes ? { bytes } : {}) });
  }

  /**
   * @param {PendingReceipt} receipt
   * @param {string} code
   */
  async _giveUp(receipt, code) {
    await this._store(receipt, { error: code });
    return code;
  }

  /**
   * @param {PendingReceipt} receipt
   * @param {Partial<import("../store/photos.js").PhotoInfo>} change
   */
  async _store(receipt, change) {
    await this._context.stores.outbox.write(async (transaction) => {
      const info = await readJson(transaction, "photo_info", receipt.sha256);
      if (info) await writeJson(transaction, "photo_info", receipt.sha256, { ...info, ...change });
    });
  }
}

/**
 * @param {import("../session/transport.js").Reply} reply
 * @param {number} length
 */
function offsetOf(reply, length) {
  const text = reply.headers.get("Upload-Offset") ?? "";
  if (!/^\d{1,15}$/.test(text) || Number(text) > length) {
    throw new ContractBroken(`Upload-Offset ${text} is not an offset within ${length} bytes`);
  }
  return Number(text);
}
