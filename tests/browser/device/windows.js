// The device as the app has it: in a worker, one for each window.

import { RemoteDevice } from "/device/remote.js";

globalThis.remote = new RemoteDevice();
globalThis.events = [];
remote.subscribe(() => {
  const { connection, stop, download } = remote.activity ?? {};
  events.push({ connection, stop, download });
});
await remote.start({ suffix: "-windows", zone: "UTC" });
