/**
 * The session: enrolment, tokens, and requests that carry a token.
 *
 * A new refresh token is on the disk before it is used. If the reply with it was lost, the old one is sent again: the
 * rotation is idempotent, so a bad connection logs nobody out.
 */

import { ContractBroken, EnrolAgain, NoNewTokens, NotEnrolled, Problem } from "../errors.js";
import { ulid } from "../ids.js";
import { readJson, writeJson } from "../store/outbox_database.js";
import * as keys from "./keys.js";
import { sendProven, wantsNonce, withNonce } from "./possession.js";

/**
 * @typedef {{ server: string, issuer: string, device_id: string, rep: string, rep_name: string, company: string,
 *   key: string, access_token: string | null, access_until: number, refresh_token: string, enrolment: string }}
 *   Identity
 * `access_until` is Unix time by this device's clock: a hint, never a check. `enrolment` names this enrolment.
 */
/** @typedef {import("./transport.js").Transport} Transport */
/** @typedef {import("./transport.js").RequestOptions} RequestOptions */
/** @typedef {import("../store/stores.js").Stores} Stores */

const NEAR_EXPIRY_SECONDS = 60;

/**
 * Return the enrolled device, or null.
 *
 * @param {Stores} stores
 * @returns {Promise<Identity | null>}
 */
export async function identity(stores) {
  return stores.outbox.read((transaction) => readJson(transaction, "session", "current"));
}

/**
 * Enrol with the office's one-time *code*; after a lost reply, call it again with the same code. The outbox is kept.
 *
 * @param {Stores} stores
 * @param {Transport} transport
 * @param {{ code: string, name: string, appVersion: string }} options name: how the office recognises the device
 * @returns {Promise<Identity>}
 */
export async function enrol(stores, transport, { code, name, appVersion }) {
  const keyName = keys.keyName(code);
  const key = await keys.loadOrCreate(stores, keyName);
  const request = { code, public_key: await key.publicJwk(), device_name: name, app_version: appVersion };
  const { value } = await withNonce(() => sendProven(transport, key, "/v1/enrol", request));
  requireTexts(value, ["device_id", "issuer", "access_token", "refresh_token"]);
  if (typeof value.rep?.id !== "string") throw new ContractBroken("the reply to the enrolment names no rep");
  /** @type {Identity} */
  const enrolled = {
    server: transport.server,
    issuer: value.issuer,
    device_id: value.device_id,
    rep: value.rep.id,
    rep_name: String(value.rep.name || value.rep.id),
    company: String(value.company?.name ?? value.company ?? ""),
    key: keyName,
    access_token: value.access_token,
    access_until: Date.now() / 1000 + seconds(value),
    refresh_token: value.refresh_token,
    enrolment: ulid(Date.now()),
  };
  await stores.outbox.write(async (transaction) => {
    await writeJson(transaction, "session", "current", enrolled);
    await keys.deleteKeys(transaction, keyName);
  });
  return enrolled;
}

/** Requests with the access token of the enrolled device; refreshes it when needed. */
export class Session {
  /**
   * @param {Stores} stores
   * @param {Transport} transport
   */
  constructor(stores, transport) {
    this._stores = stores;
    this.transport = transport;
  }

  /**
   * Send a request with the access token, and once more with a new one if the server refuses it. Errors are those of
   * `Transport.request`, and `EnrolAgain`.
   *
   * @param {string} method
   * @param {string} path
   * @param {RequestOptions} [options]
   */
  async request(method, path, options = {}) {
    return this._withToken((token) =>
      this.transport.request(method, path, { ...options, headers: { ...options.headers, ...token } }),
    );
  }

  /**
   * Fetch bytes: with *token* from a path on the server, else from any address, without the token.
   *
   * @param {string} where
   * @param {Record<string, string>} headers
   * @param {Parameters<Transport["download"]>[2]} begin
   * @param {{ token: boolean }} options
   */
  async download(where, headers, begin, { token }) {
    if (!token) return this.transport.download(where, headers, begin);
    return this._withToken((more) => this.transport.download(where, { ...headers, ...more }, begin));
  }

  /**
   * @template T
   * @param {(token: Record<string, string>) => Promise<T>} send
   * @returns {Promise<T>}
   */
  async _withToken(send) {
    const token = await this._token();
    try {
      return await send(bearer(token));
    } catch (error) {
      // Whatever a newer server calls it: 401 is about the token, unless the device has been revoked.
      if (!(error instanceof Problem) || error.status !== 401 || error.problem === "device_revoked")
        throw error;
    }
    return send(bearer(await this._replacementFor(token)));
  }

  /** @returns {Promise<string>} */
  async _token() {
    const { access_token, access_until } = await this._enrolled();
    if (access_token === null || Date.now() / 1000 > access_until - NEAR_EXPIRY_SECONDS) return this.refresh();
    return access_token;
  }

  /** @param {string} refused */
  async _replacementFor(refused) {
    const { access_token } = await this._enrolled();
    return access_token !== null && access_token !== refused ? access_token : this.refresh();
  }

  async _enrolled() {
    const enrolled = await identity(this._stores);
    if (!enrolled) throw new NotEnrolled();
    return enrolled;
  }

  /**
   * Rotate the tokens and return the new access token.
   *
   * @returns {Promise<string>}
   * @throws {EnrolAgain} if the server refuses
   */
  async refresh() {
    try {
      return await withNonce(() => this._rotate());
    } catch (error) {
      if (wantsNonce(error)) throw new NoNewTokens(/** @type {Problem} */ (error).technical);
      throw error;
    }
  }

  /** @returns {Promise<string>} */
  async _rotate() {
    // Read again for each try: another window may have rotated the tokens meanwhile.
    const enrolled = await this._enrolled();
    const key = await keys.load(this._stores, enrolled.key);
    let value;
    try {
      ({ value } = await sendProven(this.transport, key, "/v1/token", {
        refresh_token: enrolled.refresh_token,
      }));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.problem === "refresh_invalid") {
        const stored = await this._enrolled();
        if (stored.refresh_token !== enrolled.refresh_token) return this.refresh();
        throw new EnrolAgain(error.technical);
      }
      const aboutProof = error.status >= 400 && error.status < 500 && ![401, 429].includes(error.status);
      if (aboutProof && !wantsNonce(error)) throw new NoNewTokens(error.technical);
      throw error;
    }
    requireTexts(value, ["access_token", "refresh_token"]);
    await this._stores.outbox.write(async (transaction) => {
      const stored = await readJson(transaction, "session", "current");
      // Replace only the token that was sent: a slower window must not bring back an older one.
      if (stored?.refresh_token !== enrolled.refresh_token) return;
      await writeJson(transaction, "session", "current", {
        ...stored,
        access_token: value.access_token,
        access_until: Date.now() / 1000 + seconds(value),
        refresh_token: value.refresh_token,
      });
    });
    return value.access_token;
  }
}

/** @param {string} token */
function bearer(token) {
  return { Authorization: `Bearer ${token}` };
}

/**
 * @param {any} value
 * @param {string[]} names
 */
function requireTexts(value, names) {
  for (const name of names) {
    if (typeof value?.[name] !== "string" || !value[name]) throw new ContractBroken(`the reply has no ${name}`);
  }
}

/** @param {any} value */
function seconds(value) {
  return Number.isSafeInteger(value?.expires_in) ? value.expires_in : 0;
}
