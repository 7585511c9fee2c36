/**
 * The device's key pair: made here, cannot be exported, and signs the proofs of enrolment and refresh.
 *
 * Ed25519 where the browser has it (Chromium 137, Safari 17, Firefox 129), else ECDSA on P-256, which every browser
 * with WebCrypto has; the server accepts both. The browser keeps the private part, and a copy of the browser's
 * profile on another phone is another device to nobody but its owner: the office revokes it like a stolen phone.
 */

import * as base64url from "../base64url.js";
import { BrowserTooOld, EnrolAgain } from "../errors.js";
import { sha256 } from "../sha256.js";
import { deleteRecorded } from "../store/deletions.js";

/** @typedef {{ publicKey: CryptoKey, privateKey: CryptoKey }} KeyPair */
/** @typedef {{ kty: string, crv: string, x: string, y?: string }} PublicJwk */

const ED25519 = { name: "Ed25519" };
const P256 = { name: "ECDSA", namedCurve: "P-256" };
const LAYOUT = 1;
const PROOF_TYPE = "dpop+jwt";
const encoder = new TextEncoder();

/** A key pair of the device. */
export class DeviceKey {
  /** @param {KeyPair} pair */
  constructor(pair) {
    this._pair = pair;
  }

  /**
   * Return the public key (RFC 8037, RFC 7518).
   *
   * @returns {Promise<PublicJwk>}
   */
  async publicJwk() {
    const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", this._pair.publicKey);
    const jwk = /** @type {PublicJwk} */ ({ kty, crv, x });
    return y ? { ...jwk, y } : jwk;
  }

  /**
   * Return a new proof (DPoP, RFC 9449) for a request of *method* to *url*. Its time is that of *nonce*, because
   * the clocks of phones are unreliable; without one *clock*, the Unix time of this device.
   *
   * @param {string} method
   * @param {string} url
   * @param {string | null} nonce
   * @param {number} clock
   * @returns {Promise<string>}
   */
  async proof(method, url, nonce, clock) {
    const isEd25519 = this._pair.privateKey.algorithm.name === ED25519.name;
    const header = { typ: PROOF_TYPE, alg: isEd25519 ? "EdDSA" : "ES256", jwk: await this.publicJwk() };
    const id = base64url.encode(crypto.getRandomValues(new Uint8Array(16)));
    const at = (nonce === null ? null : nonceTime(nonce)) ?? Math.floor(clock);
    const payload = { jti: id, htm: method, htu: url, iat: at, ...(nonce === null ? {} : { nonce }) };
    const signed = [header, payload]
      .map((part) => base64url.encode(encoder.encode(JSON.stringify(part))))
      .join(".");
    const how = isEd25519 ? ED25519 : { name: P256.name, hash: "SHA-256" };
    const signature = await crypto.subtle.sign(how, this._pair.privateKey, encoder.encode(signed));
    return `${signed}.${base64url.encode(new Uint8Array(signature))}`;
  }
}

/**
 * Return the time in *nonce*, in seconds since 1970; null if it is not the nonce of a Satchel server.
 *
 * @param {string} nonce
 * @returns {number | null}
 */
export function nonceTime(nonce) {
  const match = /^([1-9]\d{0,11})\./.exec(nonce);
  return match ? Number(match[1]) : null;
}

/**
 * Return the name of the key for an enrolment code, the same for every way to type the code. So an enrolment that is
 * repeated after a lost reply has the same key, and gets the same device.
 *
 * @param {string} code
 */
export function keyName(code) {
  const plain = code.toUpperCase().replace(/[\s-]/g, "").replaceAll("O", "0").replace(/[IL]/g, "1");
  return `key-${sha256(plain).slice(0, 16)}`;
}

/**
 * Return the stored key, or a new one, which is on the disk before this returns.
 *
 * @param {import("../store/stores.js").Stores} stores
 * @param {string} name
 */
export async function loadOrCreate(stores, name) {
  const stored = await read(stores, name);
  if (stored) return new DeviceKey(stored);
  const pair = await generate();
  // Another window may have made one meanwhile; the first one counts.
  const kept = await stores.outbox.write(async (transaction) => {
    const keys = transaction.objectStore("device_key");
    const first = await keys.get(name);
    if (first) return first.pair;
    await keys.put({ key: name, version: LAYOUT, pair });
    return pair;
  });
  return new DeviceKey(kept);
}

/**
 * Return the stored key.
 *
 * @param {import("../store/stores.js").Stores} stores
 * @param {string} name
 * @throws {EnrolAgain} if there is none
 */
export async function load(stores, name) {
  const pair = await read(stores, name);
  if (!pair) throw new EnrolAgain(`the key ${name} is missing`);
  return new DeviceKey(pair);
}

/**
 * Delete every key except the one named *keep*.
 *
 * @param {import("../store/database.js").WriteTransaction} transaction of the outbox
 * @param {string | null} keep
 */
export async function deleteKeys(transaction, keep) {
  const names = await transaction.objectStore("device_key").getAllKeys();
  const others = names.filter((name) => name !== keep);
  const entry = { why: /** @type {const} */ ("replaced_key"), what: "keys", cursor: null, at: "", journal: [] };
  await deleteRecorded(transaction, "device_key", others, entry);
}

/** @returns {Promise<KeyPair>} */
async function generate() {
  if (!globalThis.crypto?.subtle) throw new BrowserTooOld("it has no WebCrypto, or the page is not https");
  try {
    return /** @type {KeyPair} */ (await crypto.subtle.generateKey(ED25519, false, ["sign", "verify"]));
  } catch {
    return /** @type {KeyPair} */ (await crypto.subtle.generateKey(P256, false, ["sign", "verify"]));
  }
}

/**
 * @param {import("../store/stores.js").Stores} stores
 * @param {string} name
 * @returns {Promise<KeyPair | null>}
 */
async function read(stores, name) {
  const stored = await stores.outbox.read((transaction) => transaction.objectStore("device_key").get(name));
  return stored?.pair ?? null;
}
