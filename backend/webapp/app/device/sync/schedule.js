/**
 * When to sync next: full jitter that grows with each failure, and never sooner than the server allows.
 *
 * Full jitter (a uniform draw from zero to the bound) spreads a fleet of devices that lost its server at the same
 * moment. Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
 */

const BASE = 2;
const CAP = 900;

/** Counts failures in a row and returns the seconds to wait. */
export class Backoff {
  /** @param {() => number} draw returns a random number from 0 to 1 */
  constructor(draw = Math.random) {
    this._draw = draw;
    this.failures = 0;
  }

  /**
   * Count one failure and return the seconds to wait, at least *retryAfter*.
   *
   * @param {number | null} [retryAfter]
   */
  afterFailure(retryAfter = null) {
    const bound = Math.min(CAP, BASE * 2 ** Math.min(this.failures, 30));
    this.failures += 1;
    const jitter = this._draw() * bound;
    return retryAfter === null ? jitter : retryAfter + Math.min(jitter, Math.max(1, retryAfter / 2));
  }

  /**
   * Reset the failures and return the seconds until the next poll, up to a tenth above *pollAfter*.
   *
   * @param {number} pollAfter
   */
  afterSuccess(pollAfter) {
    this.failures = 0;
    return pollAfter * (1 + this._draw() / 10);
  }
}
