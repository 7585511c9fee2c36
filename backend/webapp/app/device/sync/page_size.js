/** The page size to request: smaller after a connection broke before a page was complete. */

import { Damaged, Offline } from "../errors.js";
import { LIMITS } from "../limits.js";

/** The bytes to request in `limit_bytes`. One object serves many syncs. */
export class PageSize {
  constructor() {
    /** @type {number} */
    this._now = LIMITS.page_bytes;
  }

  /** The size to request now; null: the server's default. */
  get limit() {
    return this._now === LIMITS.page_bytes ? null : this._now;
  }

  /** @param {unknown} error Halve the size if *error* means that the connection broke before the reply ended. */
  afterError(error) {
    if (error instanceof Damaged || (error instanceof Offline && error.sent)) {
      this._now = Math.max(LIMITS.page_bytes_least, Math.floor(this._now / 2));
    }
  }

  /** Double the size after a complete page. */
  afterPage() {
    this._now = Math.min(LIMITS.page_bytes, this._now * 2);
  }
}
