// Earlier documents about the same subject, such as the same month and warehouse: those of this phone and, when they
// are gone from its outbox, those that the server has told about.

import { device } from "../shell/device.js";

/** @typedef {{ id: string, body: Record<string, any>, stage: string, revision: number }} Revision */

const READ = 1000;
const NOT_VALID = ["dismissed", "refused", "rejected", "withdrawn", "cancelled"];

/**
 * Return all documents of *kind*, the highest revision last.
 *
 * @param {string} kind
 * @returns {Promise<Revision[]>}
 */
export async function revisionsOf(kind) {
  const [own, all] = await Promise.all([
    device.call.documents(),
    device.call.records("submissions", { limit: READ }),
  ]);
  const here = new Set(own.map((each) => each.id));
  const elsewhere = all.filter((each) => !here.has(String(each.id)));
  const listed = [
    ...own.map(({ id, kind: name, body, stage }) => ({ id, kind: name, body, stage })),
    ...elsewhere.map((each) => ({ id: String(each.id), kind: each.kind, body: each.body, stage: each.state })),
  ];
  return listed
    .filter((each) => each.kind === kind)
    .map(({ id, body, stage }) => ({ id, body, stage, revision: Number(body.revision ?? 0) }))
    .sort((a, b) => a.revision - b.revision);
}

/**
 * Return those of *revisions* that have the same values as *body* in the fields *names*.
 *
 * @param {Revision[]} revisions
 * @param {Record<string, any>} body
 * @param {string[]} names
 */
export function sameSubject(revisions, body, names) {
  return revisions.filter((each) => names.every((name) => (each.body[name] ?? null) === (body[name] ?? null)));
}

/** @param {Revision[]} revisions Return the one that counts; null if there is none. */
export function validRevision(revisions) {
  return revisions.filter((each) => !NOT_VALID.includes(each.stage)).at(-1) ?? null;
}

/** @param {Revision[]} revisions Refused ones count too: a number is never used twice. */
export function nextRevision(revisions) {
  return (revisions.at(-1)?.revision ?? 0) + 1;
}
