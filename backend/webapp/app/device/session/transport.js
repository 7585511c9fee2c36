/**
 * HTTP: one request at a time; a reply is used only if it is complete and came from the server.
 *
 * A reply that is not JSON of the right media type did not come from the server: a captive portal answers 200 with a
 * page of its own. The browser inflates replies, so a cut one shows by JSON that does not end.
 */

import { Damaged, NotOurServer, Offline, Problem } from "../errors.js";
import { Line, pieces } from "./line.js";

/** @typedef {{ status: number, headers: Headers, value: any }} Reply `value` is its JSON; null without a body. */
/**
 * @typedef {{ query?: Record<string, string>, headers?: Record<string, string>, json?: string,
 *   bytes?: Uint8Array<ArrayBuffer>, bare?: boolean }} RequestOptions
 * `json` is sent with gzip if it is long, `bytes` as they are. `bare`: a success needs no JSON body (tus).
 */

const SEGMENT_TYPE = "application/vnd.satchel.segment";
const SEGMENT_TYPES = [SEGMENT_TYPE, "application/octet-stream", "binary/octet-stream"];
const MAX_REPLY_BYTES = 16 * 1024 * 1024;
const GZIP_ABOVE = 1024;
const encoder = new TextEncoder();

/** A connection to one server. `sent` and `received` count the bytes of bodies in transit. */
export class Transport {
  /**
   * @param {string} server
   * @param {(value: any, date: string) => Promise<void>} onReply gets the JSON of each successful reply and its header `Date`
   */
  constructor(server, onReply = async () => undefined) {
    this.server = server.replace(/\/+$/, "");
    this._onReply = onReply;
    this.sent = 0;
    this.received = 0;
    /** The server's newest nonce for proofs. @type {string | null} */
    this.nonce = null;
    /** When the server itself last answered, by `performance.now()`. */
    this.answeredAt = -Infinity;
  }

  /**
   * Send one request.
   *
   * @param {string} method
   * @param {string} path
   * @param {RequestOptions} [options]
   * @returns {Promise<Reply>}
   * @throws {Offline | NotOurServer | Damaged | Problem} Problem for every status from 400 on
   */
  async request(method, path, { query, headers = {}, json, bytes, bare = false } = {}) {
    /** @type {Record<string, string>} */
    const sent = { Accept: "application/json, application/problem+json", ...headers };
    let body = bytes;
    if (json !== undefined) {
      body = encoder.encode(json);
      sent["Content-Type"] = "application/json";
      if (body.length > GZIP_ABOVE) {
        body = await gzipped(body);
        sent["Content-Encoding"] = "gzip";
      }
    }
    const search = query ? `?${new URLSearchParams(query)}` : "";
    const reply = await this._exchange(
      `${this.server}${path}${search}`,
      { method, headers: sent, body },
      (response, line) => this._read(response, line, { method, bare }),
    );
    await this._onReply(reply.value, reply.headers.get("Date") ?? "");
    return reply;
  }

  /**
   * Fetch bytes of a segment from *where*: a path on the server, or a complete address, and pass them to *write*.
   *
   * @param {string} where
   * @param {Record<string, string>} headers
   * @param {(status: number, headers: Headers) => (piece: Uint8Array) => Promise<void>} begin gives the writer
   * @returns {Promise<boolean>} false if the server does not have the missing range (416)
   * @throws {Offline | NotOurServer | Problem}
   */
  async download(where, headers, begin) {
    const link = safeLink(this.server, where);
    if (!link) throw new NotOurServer(`${where} is not a safe address to fetch from`);
    const sent = { Accept: `${SEGMENT_TYPE}, application/problem+json`, ...headers };
    return this._exchange(link, { method: "GET", headers: sent }, async (response, line) => {
      if (response.status === 416) return false;
      if (response.status !== 200 && response.status !== 206) {
        await this._read(response, line, { method: "GET", bare: false });
        throw new NotOurServer(`${where} answered ${response.status} instead of a segment`);
      }
      const type = mediaType(response.headers);
      if (
        !SEGMENT_TYPES.includes(type) ||
        (response.headers.get("Content-Encoding") ?? "identity") !== "identity"
      ) {
        throw new NotOurServer(`${where} answered with ${type || "no media type"} instead of a segment`);
      }
      const write = begin(response.status, response.headers);
      for await (const piece of pieces(response, line)) {
        this.received += piece.length;
        await write(piece);
      }
      return true;
    });
  }

  /**
   * Say whether the server answers: after a request without a reply, only this tells a broken line from a request
   * on which the server fails.
   *
   * @returns {Promise<boolean>}
   */
  async answers() {
    try {
      await this.request("GET", "/v1/limits");
    } catch (error) {
      if (!(error instanceof Problem)) return false;
    }
    return true;
  }

  /**
   * @template T
   * @param {string} address
   * @param {{ method: string, headers: Record<string, string>, body?: Uint8Array<ArrayBuffer> }} request
   * @param {(response: Response, line: Line) => Promise<T>} read
   * @returns {Promise<T>}
   */
  async _exchange(address, request, read) {
    const line = new Line(request.body?.length ?? 0);
    let begun = false;
    try {
      const response = await fetch(address, {
        ...request,
        cache: "no-store",
        credentials: "omit",
        redirect: "manual",
        referrerPolicy: "no-referrer",
        signal: line.signal,
      });
      begun = true;
      this.sent += request.body?.length ?? 0;
      if (response.type === "opaqueredirect") throw new NotOurServer(`${this.server} answered with a redirect`);
      return await read(response, line);
    } catch (error) {
      // `fetch` gives no reason: the name was not found, the line broke, or the server closed it.
      if (error instanceof TypeError || (error instanceof DOMException && error.name === "AbortError")) {
        throw new Offline(`${request.method} ${address}: ${error.message}`, { begun });
      }
      throw error;
    } finally {
      line.end();
    }
  }

  /**
   * @param {Response} response
   * @param {Line} line
   * @param {{ method: string, bare: boolean }} options
   * @returns {Promise<Reply>}
   */
  async _read(response, line, { method, bare }) {
    const { status, headers } = response;
    this.nonce = headers.get("DPoP-Nonce") ?? this.nonce;
    const body = await this._body(response, line);
    if (status < 400 && (status === 204 || status === 304 || method === "HEAD" || (bare && !body))) {
      this.answeredAt = performance.now();
      return { status, headers, value: null };
    }
    // A reply to HEAD has no body; the server repeats the error code in a header.
    if (status >= 400 && method === "HEAD") {
      throw new Problem(status, { code: headers.get("Satchel-Error") ?? "" }, retryAfter(headers));
    }
    const isProblem = mediaType(headers) === "application/problem+json";
    // A proxy sends these too, with a body of its own, and they mean the same.
    if (status === 413 || status === 429 || (status >= 500 && status !== 511 && !isProblem)) {
      throw new Problem(status, isProblem ? parsed(body, {}) : {}, retryAfter(headers));
    }
    const expected = status < 400 ? "application/json" : "application/problem+json";
    if (mediaType(headers) !== expected) {
      const type = mediaType(headers) || "no media type";
      throw new NotOurServer(`${this.server} answered ${status} with ${type} instead of ${expected}`);
    }
    const value = parsed(body, undefined);
    if (value === undefined) throw new Damaged("the reply was cut in transit: it is not complete JSON");
    this.answeredAt = performance.now();
    if (status >= 400) throw new Problem(status, value, retryAfter(headers));
    return { status, headers, value };
  }

  /**
   * @param {Response} response
   * @param {Line} line
   */
  async _body(response, line) {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    let text = "";
    let size = 0;
    try {
      for await (const piece of pieces(response, line)) {
        size += piece.length;
        if (size > MAX_REPLY_BYTES) throw new Damaged(`the reply has more than ${MAX_REPLY_BYTES} bytes`);
        text += decoder.decode(piece, { stream: true });
      }
      text += decoder.decode();
    } catch (error) {
      if (error instanceof TypeError && /decod|encod|utf/i.test(error.message)) {
        throw new Damaged(`the reply is not text in UTF-8: ${error.message}`);
      }
      throw error;
    }
    // The browser inflates; Content-Length is what travelled.
    this.received += Number(response.headers.get("Content-Length")) || size;
    return text;
  }
}

/**
 * @param {string} text
 * @param {any} otherwise
 */
function parsed(text, otherwise) {
  try {
    return JSON.parse(text);
  } catch {
    return otherwise;
  }
}

/** @param {Headers} headers */
function mediaType(headers) {
  return (headers.get("Content-Type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

/** @param {Headers} headers Retry-After in seconds; a date is ignored, because the device's clock may be wrong. */
function retryAfter(headers) {
  const text = headers.get("Retry-After") ?? "";
  return /^\d{1,7}$/.test(text) ? Number(text) : null;
}

/** @param {Uint8Array<ArrayBuffer>} bytes */
async function gzipped(bytes) {
  const packed = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

/**
 * Return *url*, which *server* sent, as a complete address, or null if fetching from it is unsafe: it must be https,
 * or of the same origin as the server.
 *
 * @param {string} server
 * @param {string} url
 */
export function safeLink(server, url) {
  try {
    const address = new URL(url, `${server}/`);
    return address.protocol === "https:" || address.origin === new URL(server).origin ? address.href : null;
  } catch {
    return null;
  }
}
