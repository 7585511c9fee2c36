/**
 * The columns of a segment: one field of all records, in one of five forms (docs/protocol.md, Segments).
 */

/** @typedef {any} Column Decoded JSON. */

const SEPARATOR = "|";

/**
 * Return how many values *column* has.
 *
 * @param {Column} column
 * @returns {number}
 * @throws {TypeError} if it is not a column
 */
export function count(column) {
  if (typeof column === "string") return column.split(SEPARATOR).length;
  if (Array.isArray(column)) return column.length;
  if (isNumbers(column?.shared) && typeof column.rest === "string") {
    if (count(column.rest) === column.shared.length) return column.shared.length;
  } else if (isNumbers(column?.lengths)) {
    const items = column.lengths.reduce((/** @type {number} */ sum, /** @type {number} */ n) => sum + n, 0);
    if (items === count(column.items)) return column.lengths.length;
  } else if (column?.table && typeof column.table === "object") {
    const counts = new Set(Object.values(column.table).map(count));
    if (counts.size === 1) return /** @type {number} */ ([...counts][0]);
  }
  throw new TypeError("one of its columns is not valid");
}

/** @param {unknown} value */
function isNumbers(value) {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

/**
 * Return the values of *column*.
 *
 * @param {Column} column
 * @returns {any[]}
 */
export function values(column) {
  if (typeof column === "string") return column.split(SEPARATOR).map((text) => text || null);
  if (Array.isArray(column)) return column;
  if (column.shared) return ascending(column);
  if (column.lengths) return lists(column);
  return records(column.table);
}

/**
 * Return the objects whose fields are the columns *fields*.
 *
 * @param {Record<string, Column>} fields
 * @returns {Record<string, any>[]}
 */
export function records(fields) {
  const columns = Object.entries(fields).map(([name, column]) => /** @type {const} */ ([name, values(column)]));
  /** @type {Record<string, any>[]} */
  const result = [];
  for (let n = 0; n < (columns[0]?.[1].length ?? 0); n++) {
    /** @type {Record<string, any>} */
    const record = {};
    for (const [name, column] of columns) record[name] = column[n];
    result.push(record);
  }
  return result;
}

/** @param {{ shared: number[], rest: string }} column */
function ascending(column) {
  let text = "";
  return column.rest.split(SEPARATOR).map((rest, n) => {
    text = text.slice(0, column.shared[n]) + rest;
    return text;
  });
}

/** @param {{ lengths: number[], items: Column }} column */
function lists(column) {
  const items = values(column.items);
  let at = 0;
  return column.lengths.map((length) => {
    at += length;
    return items.slice(at - length, at);
  });
}
