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
/** The field with syllables, of which a phone derives what people type. */
const PINYIN = "search";
/** Ways to read one text that are kept: characters with several readings multiply them. */
const MANY_READINGS = 24;
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
      if (name === PINYIN && typeof inner === "string") texts.push(...pinyinForms(inner));
      else if (inner !== null && inner !== undefined) gather(inner, texts);
    }
  }
}

/**
 * Return the joined forms and the initials of *pinyin*: "bei jing; dan/shan ji" gives beijing, bj, danji, shanji, dj, sj.
 *
 * Typed syllables are found in the joined forms, too. Beyond `MANY_READINGS` the first reading alone counts.
 *
 * @param {string} pinyin Texts separated by `; `, syllables by a space, readings of a character by `/`.
 * @returns {string[]}
 */
export function pinyinForms(pinyin) {
  /** @type {Set<string>} */
  const joined = new Set();
  /** @type {Set<string>} */
  const initials = new Set();
  for (const text of pinyin.split(";")) {
    let forms = [""];
    let letters = [""];
    for (const syllable of text.trim().split(" ")) {
      const readings = syllable.split("/");
      const isMany = forms.length * readings.length > MANY_READINGS;
      const used = isMany ? readings.slice(0, 1) : readings;
      forms = forms.flatMap((form) => used.map((reading) => form + reading));
      letters = [...new Set(letters.flatMap((form) => used.map((reading) => form + reading.slice(0, 1))))];
    }
    for (const form of forms) joined.add(form);
    for (const form of letters) initials.add(form);
  }
  return [...joined, ...initials];
}
