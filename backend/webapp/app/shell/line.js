// The line of this phone, and whether photos of receipts wait for Wi-Fi: only if the person has chosen so.

import { computed, signal } from "@preact/signals";
import { readPreference, writePreference } from "./preferences.js";

/** @typedef {EventTarget & { type?: string, saveData?: boolean }} Line Network Information API; not in every browser. */

const PREFERENCE = "wifi_only";
const line = /** @type {Navigator & { connection?: Line }} */ (navigator).connection;

/** Whether the browser says what kind of line it uses. */
export const isLineKnown = line?.type !== undefined;

export const wifiOnly = signal(isChosen());

const isMobile = signal(looksMobile());

/** Whether photos wait now. A line of which nothing is known may be a mobile one. */
export const holdsReceipts = computed(() => wifiOnly.value && isMobile.value);

/** @param {boolean} chosen */
export function chooseWifiOnly(chosen) {
  writePreference(PREFERENCE, String(chosen));
  wifiOnly.value = chosen;
}

function isChosen() {
  return readPreference(PREFERENCE) === "true";
}

function looksMobile() {
  return !isLineKnown || line?.type === "cellular" || line?.saveData === true;
}

line?.addEventListener("change", () => {
  isMobile.value = looksMobile();
});
// Another window of the app, which may be the one that syncs, follows.
addEventListener("storage", () => {
  wifiOnly.value = isChosen();
});
