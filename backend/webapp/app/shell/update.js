// New versions of the app. The service worker fetches one beside the running one; it is used when every window has
// closed, or when the person asks for it, which is not offered while a form is open.

import { computed, signal } from "@preact/signals";
import { BUILD } from "../build.js";
import { device } from "./device.js";

const CHECK_EVERY_MS = 60 * 60_000;
const SETTLED_MS = 3000;
const GIVE_UP_MS = 8000;

/** The service worker of a newer build that waits; null if there is none. */
const waiting = signal(/** @type {ServiceWorker | null} */ (null));
/** Whether another window has switched this phone to a newer build, while this window still runs its own. */
const outdated = signal(false);
/** The number of forms on the screen. */
const openForms = signal(0);
let asked = false;

/** @type {import("@preact/signals").ReadonlySignal<"none" | "later" | "offer">} */
export const update = computed(() => {
  if (!waiting.value && !outdated.value) return "none";
  return openForms.value > 0 ? "later" : "offer";
});

/** Say that a form is on the screen; call the returned function when it is gone. */
export function formOpened() {
  openForms.value += 1;
  return () => {
    openForms.value -= 1;
  };
}

/** Change to the newer build: this window loads again, other windows keep theirs. */
export function useNewBuild() {
  if (update.value !== "offer") return;
  asked = true;
  // Chromium lets the new worker wait as long as the device's worker, which the old one has served, is running.
  device.close();
  // The new worker may serve already, because another window asked for it.
  if (waiting.value?.state !== "installed") {
    location.reload();
    return;
  }
  waiting.value.postMessage({ type: "use-this-build" });
  // If something still holds the old one, the app must not stay without its device.
  setTimeout(() => location.reload(), GIVE_UP_MS);
}

/** Register the service worker and follow its life. Resolves when the browser has accepted it. */
export async function startUpdates() {
  if (!("serviceWorker" in navigator)) return;
  navigator.serviceWorker.addEventListener("message", (event) => {
    if (event.data?.type === "which-build") event.ports[0]?.postMessage(BUILD);
  });
  let isFirst = navigator.serviceWorker.controller === null;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (asked) location.reload();
    // The first installation serves this very build.
    else if (!isFirst) outdated.value = true;
    isFirst = false;
  });
  const options = /** @type {const} */ ({ scope: "/app/", updateViaCache: "none" });
  const registration = await navigator.serviceWorker.register("/app/sw.js", options);
  follow(registration);
  // Not at once: the window that this one has replaced may still be closing.
  setTimeout(() => registration.active?.postMessage({ type: "window-started" }), SETTLED_MS);
  let checked = Date.now();
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible" || Date.now() - checked < CHECK_EVERY_MS) return;
    checked = Date.now();
    checkForUpdate().catch(() => {});
  });
}

/** Ask the server for a newer build now. Returns whether one is there. Rejects if the server does not answer. */
export async function checkForUpdate() {
  const registration = await navigator.serviceWorker.getRegistration("/app/");
  if (!registration) return false;
  await registration.update();
  return Boolean(registration.installing ?? registration.waiting);
}

/** @param {ServiceWorkerRegistration} registration */
function follow(registration) {
  const look = () => {
    // Without a controller this is the first installation, and nothing is newer.
    waiting.value = navigator.serviceWorker.controller ? registration.waiting : null;
  };
  look();
  registration.addEventListener("updatefound", () => {
    registration.installing?.addEventListener("statechange", look);
  });
}
