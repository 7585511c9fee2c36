// Codes that are read or typed, compared with those of the company's data.

const INVISIBLE = /[\p{Cc}\p{Cf}]/gu;
/** Lengths of GTIN: the same article has 8, 12, 13 or 14 digits, with zeros in front. */
const GTIN = /^\d{8,14}$/;

/** @param {string} read Return a code without the control characters that scanners send and codes contain. */
export function codeText(read) {
  return read.replace(INVISIBLE, "").trim();
}

/** @param {string} code Whether it has the form of an article's number on its package. */
export function isGtin(code) {
  return GTIN.test(code);
}

/**
 * Return what to search for: a package's number may be stored with fewer or more zeros in front.
 *
 * @param {string} code
 */
export function searchedCode(code) {
  return isGtin(code) ? code.replace(/^0+/, "") : code;
}

/**
 * Return the records of *found* that have exactly *code*, as their number or as a barcode.
 *
 * @param {Record<string, any>[]} found
 * @param {string} code
 */
export function withCode(found, code) {
  const isCode = (/** @type {string} */ each) =>
    each === code || (isGtin(each) && isGtin(code) && searchedCode(each) === searchedCode(code));
  return found.filter((each) => isCode(String(each.sku ?? "")) || (each.barcodes ?? []).some(isCode));
}
