/** The patience with one request, and the pieces of its reply. `fetch` itself waits for minutes. */

/** How long nothing may arrive. */
const SILENCE_MS = 60_000;
/** Bytes in a second on the slowest line that a request may need. */
const SLOWEST = 2_000;

/** The patience with one request: it ends when nothing arrives for a while. */
export class Line {
  /** @param {number} bytes of the request, which has to arrive first */
  constructor(bytes) {
    const controller = new AbortController();
    this.signal = controller.signal;
    this._controller = controller;
    this._timer = setTimeout(() => controller.abort(), SILENCE_MS + (bytes / SLOWEST) * 1000);
  }

  /** Something has arrived. */
  alive() {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this._controller.abort(), SILENCE_MS);
  }

  end() {
    clearTimeout(this._timer);
  }
}

/**
 * @param {Response} response
 * @param {Line} line
 * @returns {AsyncGenerator<Uint8Array>}
 */
export async function* pieces(response, line) {
  const reader = response.body?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      line.alive();
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}
