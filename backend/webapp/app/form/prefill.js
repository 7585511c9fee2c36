// Values that a form takes from before the person types: the contract says which.

import { device } from "../shell/device.js";
import { priceOf } from "./price.js";
import { nextRevision, revisionsOf, sameSubject } from "./revisions.js";

/** @typedef {import("../contract/contract.js").Field} Field */
/** @typedef {import("../contract/contract.js").Kind} Kind */

/** @param {Field} field Return the value of a field that nobody has filled in. @returns {any} */
export function emptyValue(field) {
  if (field.default !== undefined) return field.default;
  if (field.type === "list") return [];
  if (field.type === "flag") return false;
  if (field.type === "object") {
    return Object.fromEntries((field.fields ?? []).map((each) => [each.name, emptyValue(each)]));
  }
  return null;
}

/**
 * Return *body* with the values that are still missing and that the contract prefills.
 *
 * @param {Kind} kind
 * @param {Record<string, any>} body
 */
export async function prefilled(kind, body) {
  const filled = await prefilledHeader(kind, body);
  if (!kind.lines) return filled;
  const all = await Promise.all(lines(kind, filled).map((line) => withLine(kind, filled, line)));
  return { ...filled, [kind.lines]: all };
}

/**
 * The same without the lines.
 *
 * @param {Kind} kind
 * @param {Record<string, any>} body
 */
export async function prefilledHeader(kind, body) {
  const filled = { ...body };
  for (const [path, rule] of Object.entries(kind.prefill)) {
    if (path.includes(".") || !isMissing(filled[path])) continue;
    const value = await headerValue(kind, filled, path, rule);
    if (value !== undefined && value !== null) filled[path] = value;
  }
  return filled;
}

/**
 * Return a line with what the contract prefills.
 *
 * @param {Kind} kind
 * @param {Record<string, any>} body
 * @param {Record<string, any>} line
 */
export async function withLine(kind, body, line) {
  const filled = { ...line };
  for (const [path, rule] of Object.entries(kind.prefill)) {
    const [list, name] = path.split(".");
    if (list !== kind.lines || name === undefined || !isMissing(filled[name])) continue;
    const value = await lineValue(kind, body, filled, rule);
    if (value !== undefined && value !== null) filled[name] = value;
  }
  return filled;
}

/**
 * @param {Kind} kind
 * @param {Record<string, any>} body
 * @param {string} path
 * @param {any[]} rule
 */
async function headerValue(kind, body, path, [how, ...inputs]) {
  switch (how) {
    case "today":
      return device.call.today();
    case "month":
      return (await device.call.today()).slice(0, 7);
    case "copy":
      return (await referred(kind, body, {}, inputs[0]))?.[inputs[1]];
    case "only":
      return onlyRecord(kind.fields.find((field) => field.name === path)?.references);
    case "revision":
      return nextRevision(sameSubject(await revisionsOf(kind.name), body, inputs[0]));
    default:
      return undefined;
  }
}

/**
 * @param {Kind} kind
 * @param {Record<string, any>} body
 * @param {Record<string, any>} line
 * @param {any[]} rule
 */
async function lineValue(kind, body, line, [how, ...inputs]) {
  switch (how) {
    case "line_number":
      return Math.max(0, ...lines(kind, body).map((each) => Number(each.line_no ?? 0))) + 1;
    case "today":
      return device.call.today();
    case "first": {
      const record = await referred(kind, body, line, inputs[0]);
      const [list = "", name = ""] = inputs[1].split(".");
      return record?.[list]?.[0]?.[name];
    }
    case "price":
      return priceOf(body, line);
    default:
      return undefined;
  }
}

/**
 * Return the record to which the field at *path* of a document or of its *line* refers.
 *
 * @param {Kind} kind
 * @param {Record<string, any>} body
 * @param {Record<string, any>} line
 * @param {string} path
 * @returns {Promise<Record<string, any> | null>}
 */
export async function referred(kind, body, line, path) {
  const [first = "", inLine] = path.split(".");
  const list = kind.fields.find((field) => field.name === first);
  const field = inLine ? list?.item?.fields?.find((each) => each.name === inLine) : list;
  const key = inLine ? (line[inLine] ?? lines(kind, body)[0]?.[inLine]) : body[first];
  return field?.references && key ? device.call.record(field.references, String(key)) : null;
}

/** @param {string | undefined} collection */
async function onlyRecord(collection) {
  if (!collection) return undefined;
  const records = await device.call.records(collection, { limit: 2 });
  return records.length === 1 ? records[0]?.id : undefined;
}

/**
 * @param {Kind} kind
 * @param {Record<string, any>} body
 * @returns {Record<string, any>[]}
 */
function lines(kind, body) {
  return (kind.lines && body[kind.lines]) || [];
}

/** @param {unknown} value */
function isMissing(value) {
  return value === null || value === undefined || value === "";
}
