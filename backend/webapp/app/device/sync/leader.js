/**
 * One window leads: it alone syncs. The others ask it, and get its messages.
 *
 * The window that holds the lock leads. A hidden window gives the lock to one that waits, because phones freeze what
 * is hidden. If the leader is closed or killed, the browser gives the lock to the next one.
 */

/** Elects a leader among the windows and workers of an app. */
export class Leader {
  /**
   * @param {string} name of the lock
   * @param {(leads: boolean) => void} onChange
   */
  constructor(name, onChange) {
    this._name = name;
    this._onChange = onChange;
    /** @type {(() => void) | null} */
    this._release = null;
    this._stopped = false;
    this.leads = false;
  }

  /** Wait for the lock, again and again, until `stop`. */
  async run() {
    while (!this._stopped) {
      await navigator.locks.request(this._name, async () => {
        if (this._stopped) return;
        this._set(true);
        await new Promise((resolve) => {
          this._release = () => resolve(undefined);
        });
        this._set(false);
      });
    }
  }

  /** Give the lock to a window that waits for it, if there is one. */
  yieldToOthers() {
    this._release?.();
  }

  /** Give the lock up, for good. */
  stop() {
    this._stopped = true;
    this._release?.();
  }

  /** @param {boolean} leads */
  _set(leads) {
    this.leads = leads;
    if (!leads) this._release = null;
    this._onChange(leads);
  }
}
