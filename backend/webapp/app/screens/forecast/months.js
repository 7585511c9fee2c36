// Months as the wire writes them: 2026-12.

import { languageTag } from "../../texts/text.js";

const MONTHS = 12;

/**
 * Return the month *count* after *month*.
 *
 * @param {string} month
 * @param {number} count
 */
export function addMonths(month, count) {
  const number = Number(month.slice(0, 4)) * MONTHS + Number(month.slice(5, 7)) - 1 + count;
  const year = Math.floor(number / MONTHS);
  return `${year}-${String(number - year * MONTHS + 1).padStart(2, "0")}`;
}

/** @param {string} month */
export function monthText(month) {
  const format = new Intl.DateTimeFormat(languageTag(), { month: "short", year: "2-digit", timeZone: "UTC" });
  return format.format(new Date(`${month}-01T00:00:00Z`));
}
