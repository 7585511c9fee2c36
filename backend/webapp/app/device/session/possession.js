/**
 * Requests with a proof of possession (DPoP, RFC 9449): enrolment and refresh.
 *
 * The server's nonce is in its replies. If it wants another one, the request is sent once more with a new proof; no
 * other reply causes a repetition.
 */

import { Problem } from "../errors.js";

/**
 * Return the result of *send*; call it once more if the server requires another nonce.
 *
 * @template T
 * @param {() => Promise<T>} send
 * @returns {Promise<T>}
 */
export async function withNonce(send) {
  try {
    return await send();
  } catch (error) {
    if (!wantsNonce(error)) throw error;
  }
  return send();
}

/** @param {unknown} error Say whether the server requires another nonce. */
export function wantsNonce(error) {
  return error instanceof Problem && error.problem === "use_dpop_nonce";
}

/**
 * POST *body* to *path* with a new proof by *key*.
 *
 * @param {import("./transport.js").Transport} transport
 * @param {import("./keys.js").DeviceKey} key
 * @param {string} path
 * @param {unknown} body
 */
export async function sendProven(transport, key, path, body) {
  const proof = await key.proof("POST", `${transport.server}${path}`, transport.nonce, Date.now() / 1000);
  return transport.request("POST", path, { headers: { DPoP: proof }, json: JSON.stringify(body) });
}
