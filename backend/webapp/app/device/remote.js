/**
 * The window's end of the device: calls of its methods, and events.
 *
 * Screens subscribe and ask again after an event; docs/app-device.md lists methods, events and shapes.
 */

import { CaptureRefused, DeviceError } from "./errors.js";

/** @typedef {import("./device.js").Device} Device */
/** @typedef {import("./sync/scheduler.js").Activity} Activity */
/**
 * @typedef {{ [Name in Exclude<keyof Device, "stores" | "clock" | "searchIndex" | "zone" | "isOnline" | "sync" | "start" | "enrol"
 *   | "close" | `_${string}`>]: Device[Name] }} DeviceMethods
 */

/** A device that works in a worker. Its methods are those of `Device`; each answers with a promise. */
export class RemoteDevice {
  constructor() {
    this._worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    this._worker.onmessage = ({ data }) => this._receive(data);
    this._worker.onerror = (event) => this._fail(event.message);
    this._next = 1;
    /** @type {Map<number, { resolve: (value: any) => void, reject: (error: unknown) => void }>} */
    this._waiting = new Map();
    /** @type {Set<(isStored: boolean) => void>} */
    this._listeners = new Set();
    /** What the device is doing. @type {Activity | null} */
    this.activity = null;
    this._hasAskedToPersist = false;
    /** The methods of the device. */
    this.call = /** @type {DeviceMethods} */ (
      new Proxy(
        {},
        {
          get:
            (_, name) =>
            (/** @type {unknown[]} */ ...args) =>
              this._send(String(name), args),
        },
      )
    );
  }

  /**
   * Start the device, and follow window and network.
   *
   * @param {import("./device.js").Options} [options]
   */
  async start(options = {}) {
    this.activity = await this._send("start", [{ isOnline: navigator.onLine, ...options }]);
    document.addEventListener("visibilitychange", () => {
      void this._send("setVisible", [document.visibilityState === "visible"]);
    });
    const tellNetwork = () => this._send("setOnline", [navigator.onLine]);
    addEventListener("offline", () => void tellNetwork());
    addEventListener("online", () => {
      void tellNetwork();
      void this.syncNow();
    });
    // A page that comes back from the browser's cache has slept, and its databases may be closed.
    addEventListener("pageshow", (event) => {
      if (event.persisted) void this.syncNow();
    });
    this._notify(true);
  }

  /**
   * Call *listener* after each change of the activity (false) or of what is stored (true), and once after the start
   * (true). Return a function that ends it.
   *
   * @param {(isStored: boolean) => void} listener
   */
  subscribe(listener) {
    this._listeners.add(listener);
    return () => void this._listeners.delete(listener);
  }

  /**
   * Enrol with the office's one-time code; the same code may be used again to retry.
   *
   * @param {string} code
   * @param {string} name of this device, for the office
   * @param {string} [server]
   * @returns {Promise<{ rep: string, name: string, company: string }>}
   */
  async enrol(code, name, server = location.origin) {
    return this._send("enrol", [code, server, name]);
  }

  /**
   * Sync as soon as possible. *impatient*: the rep asked for it.
   *
   * @param {{ impatient?: boolean }} [options]
   */
  async syncNow(options = {}) {
    await this._send("wake", [options]);
  }

  /**
   * Store a document and return its id. The first one asks the browser to keep the storage of this app.
   *
   * @param {Parameters<Device["capture"]>[0]} captured
   */
  async capture(captured) {
    const id = await this.call.capture(captured);
    if (!this._hasAskedToPersist) {
      this._hasAskedToPersist = true;
      await this.keepStorage();
    }
    return id;
  }

  /** Ask the browser not to delete the storage of this app when space is short; say whether it promised that. */
  async keepStorage() {
    return (await navigator.storage?.persisted?.()) || ((await navigator.storage?.persist?.()) ?? false);
  }

  /** Return whether the storage is kept, and how many bytes of it are used. */
  async storage() {
    const { usage = 0, quota = 0 } = (await navigator.storage?.estimate?.()) ?? {};
    return { isKept: (await navigator.storage?.persisted?.()) ?? false, usage, quota };
  }

  /** End the worker. */
  close() {
    this._worker.terminate();
    this._fail("the device was closed");
  }

  /**
   * @param {string} method
   * @param {unknown[]} args
   * @returns {Promise<any>}
   */
  _send(method, args) {
    const id = this._next++;
    return new Promise((resolve, reject) => {
      this._waiting.set(id, { resolve, reject });
      this._worker.postMessage({ id, method, args });
    });
  }

  /** @param {any} message */
  _receive({ id, result, error, event, activity }) {
    if (event) {
      if (activity) this.activity = activity;
      this._notify(event === "changed");
      return;
    }
    const waiting = this._waiting.get(id);
    this._waiting.delete(id);
    if (error) waiting?.reject(revived(error));
    else waiting?.resolve(result);
  }

  /** @param {string} reason */
  _fail(reason) {
    for (const { reject } of this._waiting.values()) reject(new DeviceError("app_fault", reason));
    this._waiting.clear();
  }

  /** @param {boolean} isStored */
  _notify(isStored) {
    for (const listener of this._listeners) listener(isStored);
  }
}

/** @param {any} error as `worker.js` sends it */
function revived({ name, code, message, technical, faults }) {
  const error = faults ? new CaptureRefused(faults) : new DeviceError(code, message, technical);
  error.name = name;
  return error;
}
