// Shows a long list in steps: the first rows at once, more when the person comes near the end. A key of a search is
// answered sooner the fewer rows the browser has to draw.

import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { html } from "../html.js";

const FIRST = 16;
const STEP = 28;
/** How far below the screen the next rows are drawn already. */
const AHEAD = "200px";

/**
 * Return how many rows to show, at most *most*; they are the first ones again when *query* changes.
 *
 * @param {string} query
 * @param {number} most
 */
export function useRowCount(query, most) {
  const shown = useSignal({ query, count: FIRST });
  const count = shown.value.query === query ? shown.value.count : FIRST;
  const showMore = () => {
    shown.value = { query, count: Math.min(most, count + STEP) };
  };
  return { count: Math.min(most, count), showMore };
}

/** @param {{ onVisible: () => void }} properties The end of the rows; `onVisible` is called when it comes near. */
export function EndOfRows({ onVisible }) {
  const end = useRef(/** @type {HTMLDivElement | null} */ (null));
  useLayoutEffect(() => {
    if (!end.current) return undefined;
    const observer = new IntersectionObserver(
      (entries) => entries.some((each) => each.isIntersecting) && onVisible(),
      { rootMargin: AHEAD },
    );
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [onVisible]);
  return html`<div ref=${end}></div>`;
}
