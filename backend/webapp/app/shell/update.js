// New versions of the app. The service worker fetches one beside the running one; it is used when every window has
// closed, or when the person asks for it, which is not offered while a form is open.

import { computed, signal } from "@preact/signals";
import { BUILD } from "../build.js";
import { t } from "../texts/text.js";
import { showToast } from "./toasts.js";

const CHECK_EVERY_MS = 60 * 60_000;
const SETTLED_MS = 3000;
const ANSWER_MS = 30_000;
// These names are those of `sw.js`.
const ACCEPTED = "satchel-accepted";
const ACCEPTED_BUILD = "/app/accepted-build";
const PREFIX = "satchel-app-";
const SHELL = "/app/";

/** The service worker of another build that waits; null if there is none. */
const waiting = signal(/** @type {ServiceWorker | null} */ (null));
/** Whether another window has switched this phone to a newer build, while this window still runs its own. */
const outdated = signal(false);
/** The number of forms on the screen. */
const openForms = signal(0);

/** Whether the person has accepted the newer build, and this window is about to load it. */
export const isChanging = signal(false);

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
export async function useNewBuild() {
  if (update.value !== "offer" || isChanging.value) return;
  isChanging.value = true;
  const registration = await navigator.serviceWorker.getRegistration(SHELL);
  // The new worker serves already if another window has accepted it.
  if (!registration?.waiting || (await accept(registration.waiting))) {
    location.reload();
    return;
  }
  isChanging.value = false;
  showToast(t("update.failed"));
}

/**
 * Have the page of *worker*'s build answered from now on; return whether it is there.
 *
 * This does not wait until *worker* is active: Chromium defers that while the old worker answers requests, and may
 * give it up for minutes. The old worker serves the files of every build that is stored.
 *
 * @param {ServiceWorker} worker
 */
async function accept(worker) {
  const build = await buildOf(worker);
  if (build === null || !(await caches.match(SHELL, { cacheName: PREFIX + build }))) return false;
  const accepted = await caches.open(ACCEPTED);
  await accepted.put(ACCEPTED_BUILD, new Response(build));
  return true;
}

/** Register the service worker and follow its life. Resolves when the browser has accepted it. */
export async function startUpdates() {
  if (!("serviceWorker" in navigator)) return;
  navigator.serviceWorker.addEventListener("message", (event) => {
    if (event.data?.type === "which-build") event.ports[0]?.postMessage(BUILD);
  });
  navigator.serviceWorker.addEventListener("controllerchange", async () => {
    const { controller } = navigator.serviceWorker;
    const build = controller && (await buildOf(controller));
    if (build !== null) outdated.value = build !== BUILD;
  });
  const options = /** @type {const} */ ({ scope: SHELL, updateViaCache: "none" });
  const registration = await navigator.serviceWorker.register("/app/sw.js", options);
  follow(registration);
  // Not at once: the window that this one has replaced may still be closing.
  setTimeout(() => settled(registration), SETTLED_MS);
  let checked = Date.now();
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible" || Date.now() - checked < CHECK_EVERY_MS) return;
    checked = Date.now();
    checkForUpdate().catch(() => {});
  });
}

/** Ask the server for a newer build now. Returns whether one is there. Rejects if the server does not answer. */
export async function checkForUpdate() {
  const registration = await navigator.serviceWorker.getRegistration(SHELL);
  if (!registration) return false;
  await registration.update();
  return Boolean(registration.installing ?? registration.waiting);
}

/** @param {ServiceWorkerRegistration} registration */
function follow(registration) {
  const look = async () => {
    const worker = registration.waiting;
    // Without a controller this is the first installation, and nothing is newer.
    const isNewer = worker && navigator.serviceWorker.controller && (await buildOf(worker)) !== BUILD;
    if (worker === registration.waiting) waiting.value = isNewer ? worker : null;
  };
  void look();
  registration.addEventListener("updatefound", () => {
    registration.installing?.addEventListener("statechange", look);
  });
}

/**
 * Let the worker of this window's build take over if it still waits, and the worker remove what is not used.
 *
 * @param {ServiceWorkerRegistration} registration
 */
async function settled(registration) {
  const worker = registration.waiting;
  if (worker && (await buildOf(worker)) === BUILD) worker.postMessage({ type: "use-this-build" });
  registration.active?.postMessage({ type: "window-started" });
}

/**
 * Return the build of a service worker; null if it does not answer.
 *
 * @param {ServiceWorker} worker
 * @returns {Promise<string | null>}
 */
function buildOf(worker) {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = (event) => resolve(event.data);
    setTimeout(() => resolve(null), ANSWER_MS);
    worker.postMessage({ type: "which-build" }, [port2]);
  });
}
