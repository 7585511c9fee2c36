// The device of a history: commands that a test gives step by step.

import { Device } from "/device/device.js";
import { DeviceError } from "/device/errors.js";

const device = new Device({ suffix: "-history", zone: "Europe/Berlin", appVersion: "history" });
const ready = device.start();

async function synced(options) {
  try {
    const report = await device.sync(options);
    const { complete, verified, problem } = report;
    return { complete, verified, problem: problem && `${problem.code}: ${problem.technical}` };
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    return { complete: false, verified: false, problem: `${error.code}: ${error.technical}` };
  }
}

globalThis.phone = {
  async enrol(server, code) {
    await ready;
    await device.enrol(code, server, "history");
  },

  async sync(options) {
    await ready;
    return synced(options);
  },

  // The window may be closed before it ends.
  begin() {
    void ready.then(() => device.sync()).catch(() => undefined);
  },

  async capture(kind, body, photo) {
    await ready;
    const photos = photo ? [{ bytes: new TextEncoder().encode(photo), filename: "receipt.pdf" }] : [];
    return device.capture({ kind, body, photos });
  },

  // As a phone does with an app that sleeps: the database is closed without a word.
  async closeDatabases() {
    await ready;
    for (const database of [device.stores.outbox, device.stores.replica]) (await database._open()).close();
  },

  async rebuild() {
    await ready;
    await device.rebuildReplica();
  },

  // A fault of the storage: bodies are altered behind the back of the device.
  async damage(key) {
    await ready;
    await device.stores.replica.write(async (transaction) => {
      const records = transaction.objectStore("record");
      const row = await records.get(["customers", key]);
      if (row) await records.put({ ...row, record: { ...row.record, n: -1 } });
    });
  },

  async dump() {
    await ready;
    const rows = await device.stores.replica.read((transaction) => transaction.objectStore("record").getAll());
    const documents = await device.documents();
    const search = device.search("customers", "", 1000);
    return {
      records: rows.map((row) => [row.collection, row.key, row.record]),
      documents: documents.map(({ id, stage, body, mark }) => ({ id, stage, body, mark })),
      searchable: (await search).map((record) => record.id),
      deletions: (await device.diagnostics()).deletions.length,
    };
  },
};
