// Drafts of forms: stored at every change, so that nothing that was typed is lost.

import { kindOf } from "../contract/contract.js";
import { ulid } from "../device/ids.js";
import { device } from "../shell/device.js";
import { address } from "../shell/router.js";
import { emptyValue, prefilled } from "./prefill.js";

/**
 * Store a new draft and return its id.
 *
 * @param {string} kind
 * @param {Record<string, any>} body
 * @param {string | null} supersedes The document of which it is an edited copy.
 */
export async function startDraft(kind, body, supersedes = null) {
  const id = ulid(Date.now());
  await device.call.saveDraft(id, { kind, body, route: address("form", id), photos: [], supersedes });
  return id;
}

/**
 * Return the body of a new document of the kind *name*, with *given* values and those that the contract prefills.
 *
 * @param {string} name
 * @param {Record<string, any>} given
 */
export async function newBody(name, given) {
  const kind = kindOf(name);
  if (!kind) return given;
  /** @type {Record<string, any>} */
  const body = {};
  for (const field of kind.fields) body[field.name] = emptyValue(field);
  return prefilled(kind, { ...body, ...given });
}
