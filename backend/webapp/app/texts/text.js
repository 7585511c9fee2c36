// The texts of the app's own screens in the language of the person. Words of the company's data come from the contract.

import { signal } from "@preact/signals";
import { readPreference, writePreference } from "../shell/preferences.js";
import { TEXTS } from "./table.js";

/** @typedef {"en" | "zh"} Language */
/** @typedef {keyof typeof TEXTS} TextName */

export const LANGUAGES = /** @type {const} */ ([
  { id: "en", tag: "en", name: "English" },
  { id: "zh", tag: "zh-CN", name: "简体中文" },
]);

/** @returns {Language} */
function firstLanguage() {
  const stored = readPreference("language");
  if (stored === "en" || stored === "zh") return stored;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

export const language = signal(firstLanguage());

/** @param {Language} chosen */
export function chooseLanguage(chosen) {
  language.value = chosen;
  writePreference("language", chosen);
  document.documentElement.lang = languageTag();
}

/** The language as BCP 47 has it, for dates and numbers too. */
export function languageTag() {
  return LANGUAGES.find((each) => each.id === language.value)?.tag ?? "en";
}

/**
 * Return a function that gives the texts of *table* in the chosen language, with values in their places. A screen that
 * is not part of the first one has a table of its own, `texts.js` beside it.
 *
 * @template {Record<string, readonly [string, string]>} Table
 * @param {Table} table
 * @returns {(name: keyof Table & string, values?: Record<string, string | number>) => string}
 */
export function translator(table) {
  return (name, values = {}) => {
    const text = table[name]?.[language.value === "zh" ? 1 : 0] ?? name;
    return text.replace(/\{(\w+)\}/g, (place, key) => String(values[key] ?? place));
  };
}

export const t = translator(TEXTS);

/**
 * Return the text of *text* for *count*: English has another one for a single thing.
 *
 * @template {string} Name
 * @param {(name: Name, values?: Record<string, string | number>) => string} text What `translator` has returned.
 * @param {Name} single
 * @param {Name} many
 * @param {number} count
 */
export function countText(text, single, many, count) {
  return text(count === 1 ? single : many, { count: new Intl.NumberFormat(languageTag()).format(count) });
}
