/**
 * Canonical JSON (RFC 8785), for values without floats. The same value gives the same bytes in every language, so
 * the server can check the sha256 of a document after several parsers have read and written it.
 */

export const MAX_DEPTH = 32;
const SURROGATE = /\p{Surrogate}/u;
const encoder = new TextEncoder();

/** The value has no canonical JSON. `path` is the place in it (`lines[2].quantity`), `reason` the cause. */
export class NotCanonical extends Error {
  /**
   * @param {string} path
   * @param {string} reason
   */
  constructor(path, reason) {
    super(`${path || "value"}: ${reason}`);
    this.name = "NotCanonical";
    this.path = path;
    this.reason = reason;
  }
}

/**
 * Return the canonical JSON of *value* (object, array, string, integer, boolean or null, nested) as text.
 *
 * @param {unknown} value
 * @returns {string}
 * @throws {NotCanonical} for fractions, integers of 2^53 or more, lone surrogates and nesting deeper than 32
 */
export function canonicalText(value) {
  return write(value, "", 0);
}

/**
 * Return the canonical JSON of *value* in UTF-8; errors are those of `canonicalText`.
 *
 * @param {unknown} value
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function canonical(value) {
  return encoder.encode(canonicalText(value));
}

/**
 * @param {unknown} value
 * @param {string} path
 * @param {number} depth
 * @returns {string}
 */
function write(value, path, depth) {
  switch (typeof value) {
    case "string":
      return writeText(value, path);
    case "boolean":
      return value ? "true" : "false";
    case "number":
      return writeInteger(value, path);
    case "object":
      if (value === null) return "null";
      if (depth > MAX_DEPTH) throw new NotCanonical(path, `is nested deeper than ${MAX_DEPTH} levels`);
      if (Array.isArray(value)) return writeArray(value, path, depth);
      return writeObject(/** @type {Record<string, unknown>} */ (value), path, depth);
    default:
      throw new NotCanonical(path, `is a ${typeof value}, which JSON does not have`);
  }
}

/**
 * @param {string} text
 * @param {string} path
 */
function writeText(text, path) {
  if (SURROGATE.test(text))
    throw new NotCanonical(path, "contains half of a surrogate pair, which is not text");
  return JSON.stringify(text);
}

/**
 * @param {number} value
 * @param {string} path
 */
function writeInteger(value, path) {
  if (!Number.isInteger(value)) {
    throw new NotCanonical(path, 'is a floating-point number; write decimals as text, "12.50"');
  }
  if (!Number.isSafeInteger(value)) throw new NotCanonical(path, "is an integer of 2^53 or more");
  return String(value === 0 ? 0 : value);
}

/**
 * @param {unknown[]} items
 * @param {string} path
 * @param {number} depth
 */
function writeArray(items, path, depth) {
  let text = "[";
  for (let n = 0; n < items.length; n++) {
    text += `${n ? "," : ""}${write(items[n], `${path}[${n}]`, depth + 1)}`;
  }
  return `${text}]`;
}

/**
 * Names are sorted by UTF-16 code units, which is the order of JavaScript's strings.
 *
 * @param {Record<string, unknown>} value
 * @param {string} path
 * @param {number} depth
 */
function writeObject(value, path, depth) {
  let text = "{";
  for (const name of Object.keys(value).sort()) {
    const inner = path ? `${path}.${name}` : name;
    text += `${text.length > 1 ? "," : ""}${writeText(name, inner)}:${write(value[name], inner, depth + 1)}`;
  }
  return `${text}}`;
}
