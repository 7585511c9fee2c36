// The app's icons, drawn here because no icon font and no emoji is on every phone.

import { html } from "../html.js";

const PATHS = {
  back: "M15 5l-7 7 7 7",
  check: "M5 13l4 4L19 7",
  sync: "M4 12a8 8 0 0 1 14-5l2 2M20 4v5h-5M20 12a8 8 0 0 1-14 5l-2-2M4 20v-5h5",
  waiting: "M12 7v5l3 3M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18",
  offline: "M3 3l18 18M7 18h10a4 4 0 0 0 1-8M6 9a5 5 0 0 0 1 9M10 6a6 6 0 0 1 7 4",
  stuck: "M12 4L2.5 20h19zM12 10v4M12 17v.5",
  home: "M4 11l8-7 8 7v9h-5v-6h-6v6H4z",
  search: "M11 4a7 7 0 1 0 0 14a7 7 0 1 0 0-14M16 16l5 5",
  outbox: "M12 15V4M8 8l4-4 4 4M4 14v6h16v-6",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M13 4v6M7 14v6",
  add: "M12 5v14M5 12h14",
  remove: "M5 12h14",
  next: "M9 5l7 7-7 7",
  call: "M6 3l3 6-2 2a12 12 0 0 0 6 6l2-2 6 3-2 4C10 22 2 14 2 5z",
  mail: "M3 6h18v12H3zM3 7l9 7 9-7",
  navigate: "M12 21s-7-6-7-11a7 7 0 0 1 14 0c0 5-7 11-7 11zM12 8v4",
};

/** @typedef {keyof typeof PATHS} IconName */

/** @param {{ name: IconName }} properties */
export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;
}
