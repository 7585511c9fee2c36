// A file for support: versions, storage, errors and figures of this phone. It holds no data of customers.

import { BUILD, VERSION } from "../build.js";
import { language } from "../texts/text.js";
import { loggedErrors } from "./error_log.js";
import { saveFile } from "./files.js";
import { status } from "./status.js";
import { storageUse } from "./storage.js";
import { theme } from "./theme.js";

async function diagnostics() {
  const registration = await navigator.serviceWorker?.getRegistration("/app/");
  return {
    made_at: new Date().toISOString(),
    version: VERSION,
    build: BUILD,
    browser: navigator.userAgent,
    language: language.value,
    theme: theme.value,
    screen: { width: innerWidth, height: innerHeight, ratio: devicePixelRatio },
    storage: await storageUse(),
    caches: await caches.keys(),
    worker: {
      active: registration?.active?.state ?? null,
      waiting: registration?.waiting?.state ?? null,
      controls: Boolean(navigator.serviceWorker?.controller),
    },
    status: status.value,
    errors: loggedErrors(),
  };
}

/** Let the person save the file. */
export async function saveDiagnostics() {
  const text = JSON.stringify(await diagnostics(), null, 1);
  saveFile(`satchel-diagnostics-${Date.now()}.json`, "application/json", [text]);
}
