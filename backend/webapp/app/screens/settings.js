// Settings: language, theme, what this phone stores, the app's version, and the file for support.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { BUILD, VERSION } from "../build.js";
import { html } from "../html.js";
import { saveDiagnostics } from "../shell/diagnostics.js";
import { Layout } from "../shell/layout.js";
import { chooseWifiOnly, isLineKnown, wifiOnly } from "../shell/line.js";
import { askToPersist, storageUse } from "../shell/storage.js";
import { chooseTheme, THEMES, theme } from "../shell/theme.js";
import { showToast } from "../shell/toasts.js";
import { checkForUpdate } from "../shell/update.js";
import { bytesText } from "../texts/sizes.js";
import { chooseLanguage, LANGUAGES, language, t } from "../texts/text.js";
import { SignOut } from "./leave/sign_out.js";
import { RecentSyncs } from "./recent_syncs.js";

/** @type {Record<import("../shell/theme.js").Theme, import("../texts/text.js").TextName>} */
const THEME_TEXTS = { system: "theme.system", light: "theme.light", dark: "theme.dark" };

export function Settings() {
  return html`
    <${Layout} title=${t("place.settings")}>
      <${Choices} />
      <${Storage} />
      <${RecentSyncs} />
      <section>
        <h2>${t("settings.version")}</h2>
        <p>Satchel ${VERSION} · <code>${BUILD.slice(0, 8)}</code></p>
        <button type="button" class="secondary" onClick=${lookForUpdate}>${t("settings.check")}</button>
        <p><a href="/app/licenses.txt" data-load>${t("settings.licenses")}</a></p>
      </section>
      <section>
        <h2>${t("settings.help")}</h2>
        <p>${t("settings.diagnostics_what")}</p>
        <button type="button" class="secondary" onClick=${saveDiagnostics}>${t("settings.diagnostics")}</button>
        <p>${t("settings.repair_what")}</p>
        <p><a href="/app/reset" data-load>${t("settings.repair")}</a></p>
      </section>
      <${SignOut} />
    <//>`;
}

function Choices() {
  return html`
    <section>
      <label>
        ${t("settings.language")}
        <select value=${language.value} onChange=${(/** @type {any} */ event) => chooseLanguage(event.target.value)}>
          ${LANGUAGES.map((each) => html`<option key=${each.id} value=${each.id} lang=${each.tag}>${each.name}</option>`)}
        </select>
      </label>
      <label>
        ${t("settings.theme")}
        <select value=${theme.value} onChange=${(/** @type {any} */ event) => chooseTheme(event.target.value)}>
          ${THEMES.map((each) => html`<option key=${each} value=${each}>${t(THEME_TEXTS[each])}</option>`)}
        </select>
      </label>
      <label>
        <input type="checkbox" checked=${wifiOnly.value} onChange=${(/** @type {any} */ event) => chooseWifiOnly(event.target.checked)} />
        ${t("settings.wifi_only")}
      </label>
      <p><small>${t(isLineKnown ? "settings.wifi_only_what" : "settings.wifi_only_unknown")}</small></p>
    </section>`;
}

function Storage() {
  const use = useSignal(/** @type {import("../shell/storage.js").StorageUse | null} */ (null));
  const refresh = async () => {
    use.value = await storageUse();
  };
  useEffect(() => {
    refresh();
  }, []);
  const ask = async () => {
    const granted = await askToPersist();
    showToast(t(granted ? "settings.kept" : "settings.not_kept"));
    await refresh();
  };
  if (!use.value) return null;
  return html`
    <section>
      <h2>${t("settings.storage")}</h2>
      <p>${t("settings.storage_use", { used: bytesText(use.value.used), free: bytesText(use.value.free) })}</p>
      <p>${t(use.value.persistent ? "settings.kept" : "settings.not_kept")}</p>
      ${!use.value.persistent && html`<button type="button" class="secondary" onClick=${ask}>${t("settings.keep")}</button>`}
    </section>`;
}

async function lookForUpdate() {
  try {
    showToast(t((await checkForUpdate()) ? "update.coming" : "update.newest"));
  } catch {
    showToast(t("no_answer"));
  }
}
