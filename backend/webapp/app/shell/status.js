// What the status badge says. It says only what is known: "up to date" means that our server answered that nothing
// is missing, and a phone that merely has a radio signal is not online.

import { computed, signal } from "@preact/signals";
import { countText, t } from "../texts/text.js";
import { ageText } from "../texts/time.js";

/**
 * @typedef {{
 *   enrolled: boolean, ended: boolean, syncing: boolean, reachable: boolean, portal: boolean, lastSync: number | null, waiting: number,
 *   attention: number, stuck: boolean
 * }} SyncStatus
 * `ended`: the office has ended this phone's access. `reachable`: our server answered the last request. `portal`: somebody
 * else did, such as the sign-in page of a Wi-Fi. `lastSync`:
 * when it last said that nothing is missing, in milliseconds since 1970. `waiting`: documents that the server does not
 * have. `attention`: documents that the person must look at. `stuck`: syncs fail although the server answers.
 */

/** @type {import("@preact/signals").Signal<SyncStatus>} */
export const status = signal({
  enrolled: false,
  ended: false,
  syncing: false,
  reachable: false,
  portal: false,
  lastSync: null,
  waiting: 0,
  attention: 0,
  stuck: false,
});

/** The time, so that ages on the screen move on. */
export const now = signal(Date.now());
const TICK_MS = 20_000;
setInterval(() => {
  now.value = Date.now();
}, TICK_MS);

/** @typedef {{ icon: import("./icon.js").IconName, text: string, tone: "good" | "busy" | "wait" | "bad" }} Badge */

/** @type {import("@preact/signals").ReadonlySignal<Badge>} */
export const badge = computed(() => describe(status.value, now.value));

/**
 * @param {SyncStatus} known
 * @param {number} moment
 * @returns {Badge}
 */
export function describe(known, moment) {
  if (known.ended) return { icon: "stuck", text: t("badge.ended"), tone: "bad" };
  if (!known.enrolled) return { icon: "stuck", text: t("badge.not_connected"), tone: "wait" };
  if (known.syncing) return { icon: "sync", text: t("badge.syncing"), tone: "busy" };
  if (known.stuck) return { icon: "stuck", text: t("badge.stuck"), tone: "bad" };
  // Its words stay on one line.
  const age = known.lastSync === null ? "" : ageText(known.lastSync, moment).replaceAll(" ", "\u00a0");
  const waiting = known.waiting > 0 ? countText(t, "badge.one_waits", "badge.many_wait", known.waiting) : "";
  if (known.attention > 0) {
    return {
      icon: "stuck",
      text: countText(t, "badge.one_needs_you", "badge.many_need_you", known.attention),
      tone: "bad",
    };
  }
  if (!known.reachable) {
    const why = t(known.portal ? "badge.portal" : "badge.no_network").replaceAll(" ", "\u00a0");
    const when = known.lastSync === null ? t("badge.never") : t("badge.synced", { age });
    return { icon: "offline", text: waiting ? `${waiting} · ${why}` : `${why} · ${when}`, tone: "wait" };
  }
  if (waiting) return { icon: "waiting", text: waiting, tone: "wait" };
  if (known.lastSync === null) return { icon: "waiting", text: t("badge.never"), tone: "wait" };
  return { icon: "check", text: t("badge.up_to_date", { age }), tone: "good" };
}
