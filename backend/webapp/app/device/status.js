// The state of the device, for screens: who it belongs to, what waits, and how complete the replica is.

import * as documents from "./capture/documents.js";
import * as session from "./session/session.js";
import { storedExport } from "./session/wipe.js";
import { nextPending, progress } from "./store/offers.js";
import { streamSums } from "./store/row.js";
import { readState } from "./store/state.js";

/**
 * Return the state of the device.
 *
 * @param {import("./store/stores.js").Stores} stores
 * @param {import("./store/clock.js").DeviceClock} deviceClock
 */
export async function status(stores, deviceClock) {
  const [identity, state, listed, sums, clock, waiting] = await Promise.all([
    session.identity(stores),
    stores.replica.read(readState),
    documents.documents(stores),
    stores.replica.read(streamSums),
    deviceClock.warning(),
    storedExport(stores),
  ]);
  /** @type {Record<string, number>} */
  const records = {};
  for (const { collection, count } of sums) records[collection] = (records[collection] ?? 0) + count;
  return {
    rep: identity && { id: identity.rep, name: identity.rep_name, company: identity.company },
    device: identity?.device_id ?? null,
    server: identity?.server ?? null,
    documents: {
      phone: listed.filter((item) => item.group === "phone").length,
      way: listed.filter((item) => item.group === "way").length,
      settled: listed.filter((item) => item.group === "settled").length,
      needsRep: listed.filter((item) => item.needsRep).length,
      unsent: listed.filter(({ due, mark, missing }) => due || mark !== null || missing.length > 0).length,
    },
    records,
    complete: state.complete && !nextPending(state),
    verified: state.verified,
    serverTime: state.serverTime,
    syncedAt: state.syncedAt,
    download: progress(state),
    clock,
    hasExport: waiting !== null,
  };
}
