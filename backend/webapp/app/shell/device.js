// The device of this window: started once, followed by the badge and by every screen that shows what is stored.

import { effect, signal } from "@preact/signals";
import { useLayoutEffect, useState } from "preact/hooks";
import { RemoteDevice } from "../device/remote.js";
import { logError } from "./error_log.js";
import { holdsReceipts } from "./line.js";
import { status } from "./status.js";

/** @typedef {Awaited<ReturnType<RemoteDevice["call"]["status"]>>} DeviceStatus */
/** @typedef {Awaited<ReturnType<RemoteDevice["call"]["documents"]>>[number]} StoredDocument */

const STUCK_AFTER = 3;
/** As `device/store/outbox_database.js` has it, which the first screen does not load. */
const OUTBOX = "satchel-outbox";

export const device = new RemoteDevice();

/** Grows with each change of what is stored, so that screens ask again. */
export const changes = signal(0);

/** What the device is doing; null before it has started. */
export const activity = signal(/** @type {import("../device/remote.js").Activity | null} */ (null));

/** The state of what is stored; null before it is known. */
export const stored = signal(/** @type {DeviceStatus | null} */ (null));

/**
 * Whether this phone was certainly never connected. It is known before the device has started, whose modules take
 * seconds to arrive over a slow line at the very first time.
 */
export const isNew = signal(false);

/** Why the device could not start, such as a browser that refuses storage. */
export const startError = signal(/** @type {unknown} */ (null));

/** @type {Promise<void> | null} */
let starting = null;

/** Start the device, and follow it; whoever needs it started may call this again, and waits. */
export function startDevice() {
  starting ??= start();
  return starting;
}

async function start() {
  device.subscribe((isStored) => {
    activity.value = device.activity;
    if (!isStored) return;
    changes.value += 1;
    void readStatus();
  });
  void lookWhetherNew();
  try {
    let isHeld = holdsReceipts.value;
    await device.start({ holdsReceipts: isHeld });
    effect(() => {
      if (isHeld === holdsReceipts.value) return;
      isHeld = holdsReceipts.value;
      void device.call.holdReceipts(isHeld);
    });
    await readStatus();
  } catch (error) {
    startError.value = error;
    logError(error);
  }
}

async function lookWhetherNew() {
  // Only Firefox before version 126 cannot tell; there the device says it.
  const databases = await indexedDB.databases?.().catch(() => undefined);
  isNew.value = databases?.every(({ name }) => name !== OUTBOX) ?? false;
}

async function readStatus() {
  try {
    stored.value = await device.call.status();
  } catch (error) {
    // The databases were closed by the system: keep what is on the screen, the next event asks again.
    logError(error);
  }
}

effect(() => {
  const known = stored.value;
  const doing = activity.value;
  if (!known || !doing) return;
  const answered = known.syncedAt ?? doing.answeredAt;
  status.value = {
    enrolled: known.rep !== null,
    ended: doing.stop !== null,
    syncing: doing.syncing,
    reachable: doing.connection === "online",
    portal: doing.connection === "portal",
    lastSync: answered ? Date.parse(answered) : null,
    waiting: known.documents.unsent,
    attention: known.documents.needsRep,
    stuck: doing.connection === "trouble" && doing.failures >= STUCK_AFTER,
  };
});

/**
 * Return what *query* answers, and ask again after each change. The value before stays until the new one is there.
 * It asks before the browser paints what the person typed: the answer is there a frame earlier.
 *
 * @template T
 * @param {() => Promise<T>} query
 * @param {unknown[]} inputs What the query depends on.
 * @returns {{ value: T | undefined, error: unknown }}
 */
export function useStored(query, inputs) {
  const [state, setState] = useState(
    /** @type {{ value: T | undefined, error: unknown }} */ ({ value: undefined, error: null }),
  );
  const version = changes.value;
  useLayoutEffect(() => {
    let isCurrent = true;
    query().then(
      (value) => isCurrent && setState({ value, error: null }),
      (error) => isCurrent && setState((before) => ({ value: before.value, error })),
    );
    return () => {
      isCurrent = false;
    };
  }, [version, ...inputs]);
  return state;
}
