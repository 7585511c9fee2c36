/**
 * The device in a worker: no input of the rep waits for the network, or for a page that is being applied.
 *
 * The window sends {id, method, args} and gets {id, result} or {id, error}; `remote.js` is its other end. Events
 * are {event: "activity" | "changed", …}.
 */

import { VERSION } from "../build.js";
import { Device } from "./device.js";
import { DeviceError } from "./errors.js";
import { Scheduler } from "./sync/scheduler.js";

/** Methods after which the other windows show something else, and which a sync may send. */
const STORING = [
  "capture",
  "withdraw",
  "requestChange",
  "dismiss",
  "restore",
  "retryPush",
  "sendReceipts",
  "holdReceipts",
  "saveDraft",
  "discardDraft",
  "signOut",
  "rebuildReplica",
  "discardExport",
];

/** @type {Device | null} */
let device = null;
/** @type {Scheduler | null} */
let scheduler = null;

/** @type {Record<string, (...args: any[]) => Promise<unknown>>} */
const own = {
  async start(options) {
    device = new Device({ appVersion: VERSION, ...options });
    scheduler = new Scheduler(device, {
      onActivity: (activity) => postMessage({ event: "activity", activity }),
      onChanged: () => postMessage({ event: "changed" }),
    });
    await device.start();
    scheduler.start();
    return scheduler.activity;
  },

  async enrol(code, server, name) {
    const identity = await required(device).enrol(code, server, name);
    required(scheduler).enrolled();
    return { rep: identity.rep, name: identity.rep_name, company: identity.company };
  },

  async wake(options) {
    await required(scheduler).wake(options);
  },

  async setOnline(isOnline) {
    required(device).isOnline = isOnline;
  },

  async setVisible(isVisible) {
    required(scheduler).setVisible(isVisible);
  },
};

addEventListener("message", async ({ data: { id, method, args } }) => {
  try {
    const result = await call(method, args);
    postMessage({ id, result });
  } catch (error) {
    postMessage({ id, error: plain(error) });
  }
});

/**
 * @param {string} method
 * @param {unknown[]} args
 */
async function call(method, args) {
  if (own[method]) return own[method](...args);
  const target = required(device);
  const known = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (target))[method];
  if (typeof known !== "function" || method.startsWith("_")) throw new TypeError(`the device has no ${method}`);
  const result = await known.apply(target, args);
  if (STORING.includes(method)) required(scheduler).stored();
  return result;
}

/**
 * @template T
 * @param {T | null} value
 * @returns {T}
 */
function required(value) {
  if (value === null) throw new TypeError("start the device first");
  return value;
}

/** @param {unknown} error Return *error* as a value that can be sent. */
function plain(error) {
  if (!(error instanceof DeviceError))
    return { name: "Error", code: "app_fault", message: String(error), technical: "" };
  const { name, code, message, technical } = error;
  return { name, code, message, technical, faults: "faults" in error ? error.faults : undefined };
}
