// Starts the app: shows the screen of the address, then lets the service worker store the app.

import { render } from "preact";
import { startContract } from "./contract/contract.js";
import { html } from "./html.js";
import { startDevice } from "./shell/device.js";
import { logError, watchErrors } from "./shell/error_log.js";
import { startRouter } from "./shell/router.js";
import { CurrentScreen } from "./shell/screens.js";
import { applyTheme } from "./shell/theme.js";
import { startUpdates } from "./shell/update.js";
import { languageTag } from "./texts/text.js";

watchErrors();
applyTheme();
document.documentElement.lang = languageTag();
startRouter();
const root = document.getElementById("app");
if (root) render(html`<${CurrentScreen} />`, root);
startDevice().then(startContract).catch(logError);
startUpdates().catch(logError);
