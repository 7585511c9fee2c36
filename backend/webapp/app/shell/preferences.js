// Choices of the person that only this phone needs. A browser may refuse storage; then they last until it closes.

const PREFIX = "satchel.";
/** @type {Map<string, string>} */
const memory = new Map();

/** @param {string} name */
export function readPreference(name) {
  try {
    return localStorage.getItem(PREFIX + name) ?? memory.get(name) ?? null;
  } catch {
    return memory.get(name) ?? null;
  }
}

/**
 * @param {string} name
 * @param {string} value
 */
export function writePreference(name, value) {
  memory.set(name, value);
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // Storage is full or refused: the choice still holds in this window.
  }
}
