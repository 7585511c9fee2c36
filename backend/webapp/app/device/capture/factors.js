/** Factors between units of a product as exact fractions: 0.083333 is read as 1/12, as the server reads it. */

const DECIMALS = 6;
const SIMPLE = 100n;
const SCALE = 10n ** BigInt(DECIMALS);

/** @typedef {{ top: bigint, bottom: bigint }} Fraction */

/**
 * Return the factor *text* as a fraction.
 *
 * @param {string} text A positive decimal with at most six decimals.
 * @returns {Fraction}
 */
export function exactFactor(text) {
  const [whole = "0", part = ""] = text.split(".");
  const stated = { top: BigInt(whole + part), bottom: 10n ** BigInt(part.length) };
  if (part.length < DECIMALS || part.endsWith("0") || stated.top <= 0n || stated.top >= stated.bottom)
    return stated;
  const partOfPack = { top: 1n, bottom: (stated.bottom * 2n + stated.top) / (stated.top * 2n) };
  for (const simple of [partOfPack, nearest(stated, SIMPLE)]) {
    if ((simple.top * SCALE * 2n + simple.bottom) / (simple.bottom * 2n) === stated.top) return simple;
  }
  return stated;
}

/**
 * Return the fraction nearest to *stated* whose bottom is at most *most* (by continued fractions).
 *
 * @param {Fraction} stated
 * @param {bigint} most
 * @returns {Fraction}
 */
function nearest(stated, most) {
  let [p0, q0, p1, q1] = [0n, 1n, 1n, 0n];
  let [top, bottom] = [stated.top, stated.bottom];
  while (bottom !== 0n) {
    const times = top / bottom;
    const next = q0 + times * q1;
    if (next > most) break;
    [p0, q0, p1, q1] = [p1, q1, p0 + times * p1, next];
    [top, bottom] = [bottom, top - times * bottom];
  }
  if (bottom === 0n) return { top: p1, bottom: q1 };
  const steps = (most - q0) / q1;
  const bounds = [
    { top: p1, bottom: q1 },
    { top: p0 + steps * p1, bottom: q0 + steps * q1 },
  ];
  const distance = (/** @type {Fraction} */ each) => {
    const difference = each.top * stated.bottom - stated.top * each.bottom;
    return difference < 0n ? -difference : difference;
  };
  const [first, second] = /** @type {[Fraction, Fraction]} */ (bounds);
  // Both distances over their own bottoms, compared across.
  return distance(first) * second.bottom <= distance(second) * first.bottom ? first : second;
}
