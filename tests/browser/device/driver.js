// The commands of the conformance kit, for the device in this page.

import { Device } from "/device/device.js";
import { DeviceError } from "/device/errors.js";

const options = (folder) => ({ suffix: `-${folder}`, zone: "UTC", appVersion: "conformance" });
let folder = "";
let device = null;

function base64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

const commands = {
  async open(command) {
    await device?.close();
    folder = command.folder;
    device = new Device(options(folder));
    await device.start();
    await device.setContract(command.contract);
    return {};
  },

  async enrol({ server, code }) {
    await device.enrol(code, server, "conformance");
    return {};
  },

  // Two syncs at the same time, as two windows may run them: each has a device of its own on the same databases.
  async sync({ at_once = 1 }) {
    const others = Array.from({ length: at_once - 1 }, () => new Device(options(folder)));
    const beside = others.map((other) => other.sync().catch(() => null));
    try {
      const report = await device.sync();
      if (report.problem) throw report.problem;
      return { complete: report.complete };
    } finally {
      await Promise.all(beside);
      for (const other of others) await other.close();
    }
  },

  async capture({ kind, body, receipts }) {
    const photos = receipts.map(({ name, base64: text }) => ({ bytes: base64(text), filename: name }));
    return { id: await device.capture({ kind, body, photos }) };
  },

  async dismiss({ id }) {
    await device.dismiss(id);
    return {};
  },

  async dump() {
    const rows = await device.stores.replica.read((transaction) => transaction.objectStore("record").getAll());
    const documents = await device.documents();
    return {
      enrolled: (await device.identity()) !== null,
      records: rows.map((row) => [row.collection, row.key, row.record]),
      documents: documents.map(({ id, stage }) => ({ id, stage })),
    };
  },
};

globalThis.answer = async ({ do: name, ...command }) => {
  try {
    return { ok: true, ...(await commands[name](command)) };
  } catch (error) {
    if (error instanceof DeviceError) return { ok: false, error: error.technical || error.message };
    return { ok: false, error: `${error?.stack ?? error}` };
  }
};
