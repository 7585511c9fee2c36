// Light, dark, or as the phone has it.

import { signal } from "@preact/signals";
import { readPreference, writePreference } from "./preferences.js";

/** @typedef {"system" | "light" | "dark"} Theme */

/** @type {readonly Theme[]} */
export const THEMES = ["system", "light", "dark"];

/** @returns {Theme} */
function firstTheme() {
  const stored = readPreference("theme");
  return THEMES.find((each) => each === stored) ?? "system";
}

export const theme = signal(firstTheme());

/** @param {Theme} chosen */
export function chooseTheme(chosen) {
  theme.value = chosen;
  writePreference("theme", chosen);
  applyTheme();
}

/** Set the attribute that Pico reads; without it the phone decides. */
export function applyTheme() {
  if (theme.value === "system") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.setAttribute("data-theme", theme.value);
}
