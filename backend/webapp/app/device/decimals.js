/**
 * Exact decimals: money, quantities and percentages, as text on the wire and never a float.
 *
 * A decimal is an integer of units and its number of decimals: 12.50 is 1250 with 2.
 */

const DECIMAL = /^(-?)(\d{1,40})(?:\.(\d{1,40}))?$/;

/** An exact decimal number. */
export class Decimal {
  /**
   * @param {bigint} units
   * @param {number} decimals
   */
  constructor(units, decimals) {
    this.units = units;
    this.decimals = decimals;
  }

  /**
   * Return the decimal in *text*, as the wire writes it.
   *
   * @param {string} text
   * @returns {Decimal}
   * @throws {RangeError} if it is not one
   */
  static of(text) {
    const match = DECIMAL.exec(text);
    if (!match) throw new RangeError(`${text} is not a decimal`);
    const [, sign, whole, part = ""] = match;
    const units = BigInt(whole + part);
    return new Decimal(sign ? -units : units, part.length);
  }

  /** @param {Decimal} other */
  plus(other) {
    const decimals = Math.max(this.decimals, other.decimals);
    return new Decimal(this.unitsAt(decimals) + other.unitsAt(decimals), decimals);
  }

  /** @param {Decimal} other */
  minus(other) {
    return this.plus(new Decimal(-other.units, other.decimals));
  }

  /** @param {Decimal} other */
  times(other) {
    return new Decimal(this.units * other.units, this.decimals + other.decimals);
  }

  /**
   * Return -1, 0 or 1: this is less than, equal to, or more than *other*.
   *
   * @param {Decimal} other
   */
  compare(other) {
    const decimals = Math.max(this.decimals, other.decimals);
    const [own, its] = [this.unitsAt(decimals), other.unitsAt(decimals)];
    return own < its ? -1 : own > its ? 1 : 0;
  }

  /**
   * Return this number rounded half up (away from zero) to *decimals*, as the server rounds.
   *
   * @param {number} decimals
   */
  rounded(decimals) {
    if (decimals >= this.decimals) return new Decimal(this.unitsAt(decimals), decimals);
    return divided(this.units, 10n ** BigInt(this.decimals - decimals), decimals);
  }

  /**
   * Return this number divided by *other*, rounded half up to *decimals*.
   *
   * @param {Decimal} other
   * @param {number} decimals
   */
  dividedBy(other, decimals) {
    const shift = decimals + other.decimals - this.decimals;
    const units = shift > 0 ? this.units * 10n ** BigInt(shift) : this.units;
    const by = shift < 0 ? other.units * 10n ** BigInt(-shift) : other.units;
    return divided(by < 0n ? -units : units, by < 0n ? -by : by, decimals);
  }

  /** @param {number} decimals */
  unitsAt(decimals) {
    return this.units * 10n ** BigInt(decimals - this.decimals);
  }

  /** Write the number as the wire does, with all its decimals. */
  toString() {
    const negative = this.units < 0n;
    const digits = (negative ? -this.units : this.units).toString().padStart(this.decimals + 1, "0");
    const whole = digits.slice(0, digits.length - this.decimals);
    const part = this.decimals ? `.${digits.slice(digits.length - this.decimals)}` : "";
    return `${negative ? "-" : ""}${whole}${part}`;
  }
}

/**
 * @param {bigint} units
 * @param {bigint} by positive
 * @param {number} decimals
 */
function divided(units, by, decimals) {
  const size = units < 0n ? -units : units;
  const rounded = (size * 2n + by) / (by * 2n);
  return new Decimal(units < 0n ? -rounded : rounded, decimals);
}
