// How a document is called: its kind and its subject in words.

import { kindOf, words } from "./contract.js";
import { valueText } from "./values.js";

/** @typedef {{ kind: string, title: string, body: Record<string, any> }} Named */

/**
 * Return the name of *document*. A document about another one, such as a withdrawal, has that one's name in its own.
 *
 * @param {Named} document
 * @param {(Named & { id: string })[]} [all] The documents that it may be about. If that one is not among them, its name
 *   is what it was when this one was captured.
 * @returns {string}
 */
export function documentName(document, all = []) {
  const { kind, title, body } = document;
  const field = titleField(kind);
  const about = aboutDocument(document, all);
  const written = field && field.type !== DOCUMENT_ID ? valueText(field, body[field.name], body) : "";
  const subject = about ? documentName(about) : written || title;
  return [words(kindOf(kind)?.label) || kind, subject].filter(Boolean).join(" · ");
}

/**
 * Return the document that *document* is about, or null.
 *
 * @template {Named & { id: string }} Found
 * @param {Named} document
 * @param {Found[]} all
 * @returns {Found | null}
 */
export function aboutDocument({ kind, body }, all) {
  const field = titleField(kind);
  if (field?.type !== DOCUMENT_ID) return null;
  return all.find((each) => each.id === body[field.name]) ?? null;
}

/** The type of a field that has the id of a document. */
const DOCUMENT_ID = "ulid";

/** @param {string} name The field that names documents of the kind *name*. */
function titleField(name) {
  const kind = kindOf(name);
  return kind?.fields.find((each) => each.name === kind.title);
}
