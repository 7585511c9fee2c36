// Measures a first sync, searches and a cold start of the device.

import { Device } from "/device/device.js";
import { RemoteDevice } from "/device/remote.js";

const OPTIONS = { suffix: "-measure", zone: "UTC" };

// The longest time for which this window could not have answered an input.
function watchInput() {
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last - 4);
    last = now;
  }, 4);
  return () => {
    clearInterval(timer);
    return longest;
  };
}

globalThis.measure = {
  // As the app does it: the device in a worker, and a window that waits for input.
  async firstSync(server, code) {
    const device = new RemoteDevice();
    await device.start(OPTIONS);
    const longest = watchInput();
    const began = performance.now();
    let usable = 0;
    const done = new Promise((resolve) => {
      device.subscribe(async () => {
        if (!usable && device.activity.download?.usable) usable = performance.now() - began;
        const { complete, verified } = await device.call.status();
        if (complete && verified && !device.activity.syncing) resolve();
      });
    });
    await device.enrol(code, "measured", server);
    await done;
    const milliseconds = performance.now() - began;
    const status = await device.call.status();
    const rows = Object.values(status.records).reduce((sum, count) => sum + count, 0);
    const result = { milliseconds, usable, rows, longestWithoutInput: longest() };
    device.close();
    return result;
  },

  // In this window, so that its processor can be throttled.
  async coldStart() {
    const began = performance.now();
    globalThis.device = new Device(OPTIONS);
    await globalThis.device.start();
    await globalThis.device.search("customers", "alp", 20);
    return performance.now() - began;
  },

  async keystrokes(queries) {
    const times = [];
    for (const [collection, query] of queries) {
      const began = performance.now();
      const found = await globalThis.device.search(collection, query, 20);
      times.push([query, performance.now() - began, found.length]);
    }
    return times;
  },
};
