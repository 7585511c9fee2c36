// The last errors of this phone, for the diagnostics file. They stay when the app closes.

import { readPreference, writePreference } from "./preferences.js";

/** @typedef {{ at: string, place: string, message: string, stack: string }} LoggedError */

const KEPT = 30;
const LONGEST = 2000;

/** @returns {LoggedError[]} */
export function loggedErrors() {
  try {
    const stored = JSON.parse(readPreference("errors") ?? "[]");
    return Array.isArray(stored) ? stored : [];
  } catch {
    return [];
  }
}

/** @param {unknown} error */
export function logError(error) {
  const known = error instanceof Error ? error : new Error(String(error));
  const entry = {
    at: new Date().toISOString(),
    place: location.pathname,
    message: known.message.slice(0, LONGEST),
    stack: (known.stack ?? "").slice(0, LONGEST),
  };
  writePreference("errors", JSON.stringify([...loggedErrors(), entry].slice(-KEPT)));
}

/** Log errors that nothing else handles. */
export function watchErrors() {
  addEventListener("error", (event) => logError(event.error ?? event.message));
  addEventListener("unhandledrejection", (event) => logError(event.reason));
}
