/**
 * The segments that the server offers with the stored cursor, and which of them have been applied.
 *
 * The list is stored with the page that brought it; the next page's list replaces it. All functions change *state*;
 * the caller writes it in the transaction that changes cursor or rows.
 */

/** @typedef {import("./state.js").SyncState} SyncState */
/** @typedef {import("../page.js").Offer} Offer */
/**
 * @typedef {{ segments: number, bytes: number, bytesApplied: number, rows: number, rowsApplied: number,
 *   usable: boolean, coming: string | null }} DownloadProgress
 * `usable`: all segments of the first priority have been applied. `coming`: the collection that comes next.
 */

/** @type {Readonly<DownloadProgress>} */
export const NOTHING = Object.freeze({
  segments: 0,
  bytes: 0,
  bytesApplied: 0,
  rows: 0,
  rowsApplied: 0,
  usable: true,
  coming: null,
});

/**
 * Store *offers* as the list; what was applied before stays applied, unless its stream is in *dropped*.
 *
 * @param {SyncState} state
 * @param {Offer[]} offers
 * @param {string | null} thenCursor replaces the cursor after the last segment
 * @param {import("../page.js").Stream[]} dropped
 */
export function replaceOffers(state, offers, thenCursor, dropped) {
  const gone = new Set(dropped.map(streamName));
  const applied = new Set(
    state.offers.filter((offer) => offer.applied && !gone.has(streamName(offer))).map(identity),
  );
  state.offers = offers.map((offer) => ({ ...offer, applied: applied.has(identity(offer)) }));
  state.thenCursor = thenCursor;
  finishOffers(state);
}

/** @param {SyncState} state If the last segment has been applied, replace the cursor by `thenCursor`. */
export function finishOffers(state) {
  if (state.offers.some((offer) => !offer.applied)) return;
  if (state.thenCursor !== null) {
    Object.assign(state, { cursor: state.thenCursor, etag: null, thenCursor: null });
  }
  state.offers = [];
}

/**
 * Return the stored offer that equals *offer* and has not been applied, or undefined.
 *
 * @param {SyncState} state
 * @param {Offer} offer
 */
export function pendingOffer(state, offer) {
  return state.offers.find((stored) => !stored.applied && identity(stored) === identity(offer));
}

/** @param {SyncState} state Delete the pending segments; those that were applied stay for the next page's list. */
export function forgetPending(state) {
  state.offers = state.offers.filter((offer) => offer.applied);
  state.thenCursor = null;
}

/**
 * Return the segment to fetch next, or undefined: by priority, then collection and key.
 *
 * @param {SyncState} state
 */
export function nextPending(state) {
  const pending = state.offers.filter((offer) => !offer.applied);
  return pending.sort(
    (a, b) =>
      a.priority - b.priority ||
      compare(a.collection, b.collection) ||
      compare(a.from, b.from) ||
      compare(a.channel, b.channel),
  )[0];
}

/**
 * Return how much of the list has been applied.
 *
 * @param {SyncState} state
 * @returns {DownloadProgress}
 */
export function progress(state) {
  const first = Math.min(...state.offers.map((offer) => offer.priority));
  const result = { ...NOTHING, segments: state.offers.length, coming: nextPending(state)?.collection ?? null };
  for (const offer of state.offers) {
    result.bytes += offer.bytes;
    result.rows += offer.rows;
    if (offer.applied) {
      result.bytesApplied += offer.bytes;
      result.rowsApplied += offer.rows;
    } else if (offer.priority === first) {
      result.usable = false;
    }
  }
  return result;
}

/** @param {Offer} offer */
function identity(offer) {
  return JSON.stringify([offer.channel, offer.collection, offer.from, offer.sha256, offer.position]);
}

/** @param {import("../page.js").Stream} stream */
function streamName(stream) {
  return JSON.stringify([stream.channel, stream.collection]);
}

/**
 * @param {string} a
 * @param {string} b
 */
function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}
