/**
 * The text of a record that searches compare: numbers, names, city and phone, and `search`, in which the server has
 * put what a phone cannot compute, such as pinyin and initials of Chinese names.
 */

const FIELDS = [
  "number",
  "sku",
  "name",
  "title",
  "id",
  "barcodes",
  "customer_reference",
  "order_number",
  "erp_number",
  "city",
  "phones",
  "emails",
  "addresses",
  "search",
];
const ASCII = /^[\x20-\x7e]*$/;

/**
 * Return the search text of *record*, folded; empty if it has none.
 *
 * @param {Record<string, any>} record
 * @returns {string}
 */
export function searchText(record) {
  /** @type {string[]} */
  const texts = [];
  gather(record, texts);
  return folded([...new Set(texts)].join(" "));
}

/**
 * Return *text* as searches compare it, on one line: lower case, without accents; Müller and MULLER become equal.
 *
 * @param {string} text
 * @returns {string}
 */
export function folded(text) {
  const plain = ASCII.test(text) ? text : text.normalize("NFKD").replace(/\p{M}+/gu, "");
  return plain.toLowerCase().replace(/\s+/g, " ").trim();
}

/**
 * @param {unknown} value
 * @param {string[]} texts
 */
function gather(value, texts) {
  if (typeof value === "string") texts.push(value);
  else if (Array.isArray(value)) for (const item of value) gather(item, texts);
  else if (value && typeof value === "object") {
    for (const name of FIELDS) {
      const inner = /** @type {Record<string, unknown>} */ (value)[name];
      if (inner !== null && inner !== undefined) gather(inner, texts);
    }
  }
}
