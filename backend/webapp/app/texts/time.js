// Instants and ages as people read them, in the chosen language and the phone's time zone.

import { languageTag, t } from "./text.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * Return how long ago *instant* was, in words.
 *
 * @param {number} instant Milliseconds since 1970.
 * @param {number} now
 */
export function ageText(instant, now) {
  const age = now - instant;
  // A clock that was set back gives an age below zero; do not show nonsense.
  if (age < MINUTE) return t("time.now");
  const format = new Intl.RelativeTimeFormat(languageTag(), { style: "short", numeric: "always" });
  if (age < HOUR) return format.format(-Math.floor(age / MINUTE), "minute");
  if (age < DAY) return format.format(-Math.floor(age / HOUR), "hour");
  return format.format(-Math.floor(age / DAY), "day");
}

/** @param {number | string} instant Milliseconds since 1970, or ISO 8601. */
export function instantText(instant) {
  const format = new Intl.DateTimeFormat(languageTag(), { dateStyle: "medium", timeStyle: "short" });
  const date = new Date(instant);
  return Number.isNaN(date.getTime()) ? String(instant) : format.format(date);
}

/** @param {string} date As `2026-11-30`. */
export function dateText(date) {
  const parsed = new Date(`${date}T00:00:00`);
  if (Number.isNaN(parsed.getTime())) return date;
  return new Intl.DateTimeFormat(languageTag(), { dateStyle: "medium" }).format(parsed);
}
