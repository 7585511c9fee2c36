// Numbers of bytes as people read them.

import { languageTag } from "./text.js";

const STEP = 1000;
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"];

/** @param {number} bytes */
export function bytesText(bytes) {
  let value = bytes;
  let unit = 0;
  while (value >= STEP && unit < UNITS.length - 1) {
    value /= STEP;
    unit += 1;
  }
  const options = {
    style: "unit",
    unit: UNITS[unit],
    // The short form of a byte has no plural.
    unitDisplay: unit === 0 ? "long" : "short",
    maximumFractionDigits: value < 10 ? 1 : 0,
  };
  return new Intl.NumberFormat(languageTag(), /** @type {Intl.NumberFormatOptions} */ (options)).format(value);
}
