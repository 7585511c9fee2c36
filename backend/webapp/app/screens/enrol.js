// Connects this phone with the code of the office. On an iPhone the app must be installed first, because the installed
// app has a storage of its own, and a tab's storage may be deleted after a week.

import { useSignal } from "@preact/signals";
import { contract, refreshContract, words } from "../contract/contract.js";
import { html } from "../html.js";
import { ScanButton } from "../scan/scan_button.js";
import { device, startDevice, stored } from "../shell/device.js";
import { Layout } from "../shell/layout.js";
import { address, BASE, navigate } from "../shell/router.js";
import { t } from "../texts/text.js";

/** Whether this is a tab of an iPhone or iPad, not the installed app. */
function mustInstallFirst() {
  const isApple = /iPhone|iPad|iPod/.test(navigator.userAgent);
  const isInstalled =
    matchMedia("(display-mode: standalone)").matches || Reflect.get(navigator, "standalone") === true;
  return isApple && !isInstalled;
}

/** @param {string} scanned Return the enrolment code in a scanned text, which may be an address that ends with it. */
export function codeIn(scanned) {
  const [, code] = /[#?&]code=([^&#]+)/.exec(scanned) ?? [];
  return (code ? decodeURIComponent(code) : scanned).trim();
}

export function Enrol() {
  const hasUnsent = Boolean(stored.value?.documents.unsent || stored.value?.hasExport);
  return html`
    <${Layout} title=${t("enrol.title")}>
      ${hasUnsent && html`<p class="warning">${t("enrol.unsent")} <a href=${address("outbox")}>${t("place.outbox")}</a></p>`}
      ${mustInstallFirst() ? html`<${InstallFirst} />` : html`<${CodeForm} />`}
    <//>`;
}

function InstallFirst() {
  return html`
    <p>${t("enrol.install_first")}</p>
    <ol>
      <li>${t("enrol.install_share")}</li>
      <li>${t("enrol.install_add")}</li>
      <li>${t("enrol.install_open")}</li>
    </ol>`;
}

function CodeForm() {
  const code = useSignal(location.hash.startsWith("#code=") ? codeIn(location.hash) : "");
  const name = useSignal("");
  const problem = useSignal("");
  const busy = useSignal(false);
  const connect = async (/** @type {Event} */ event) => {
    event.preventDefault();
    problem.value = "";
    if (!code.value.trim()) {
      problem.value = t("enrol.code_missing");
      return;
    }
    busy.value = true;
    try {
      await startDevice();
      await device.enrol(code.value.trim(), name.value.trim() || t("enrol.name_usual"));
      void refreshContract();
      navigate(BASE, { replace: true });
    } catch (error) {
      problem.value = problemText(error);
    } finally {
      busy.value = false;
    }
  };
  const scanned = (/** @type {string} */ text) => {
    code.value = codeIn(text);
  };
  return html`
    <p>${t("enrol.what")}</p>
    <form onSubmit=${connect}>
      <label>
        ${t("enrol.code")}
        <input name="code" value=${code.value} autocomplete="off" autocapitalize="characters" spellcheck="false"
          aria-invalid=${problem.value ? "true" : undefined} aria-describedby="enrol-problem"
          onInput=${(/** @type {any} */ event) => {
            code.value = event.target.value;
          }} />
      </label>
      <p id="enrol-problem" class="fault" role="alert">${problem.value}</p>
      <${ScanButton} label=${t("enrol.scan")} onCode=${scanned} />
      <label>
        ${t("enrol.name")}
        <input name="name" value=${name.value} placeholder=${t("enrol.name_usual")} maxlength="60"
          onInput=${(/** @type {any} */ event) => {
            name.value = event.target.value;
          }} />
      </label>
      <button type="submit" aria-busy=${busy.value} disabled=${busy.value}>${t("enrol.connect")}</button>
    </form>`;
}

/** @param {any} error */
function problemText(error) {
  /** @type {Record<string, import("../texts/text.js").TextName>} */
  const own = {
    enrolment_code_invalid: "enrol.code_invalid",
    no_connection: "no_answer",
    connection_broke: "no_answer",
    not_our_server: "not_our_server",
    rate_limited: "enrol.too_many",
  };
  const name = own[error?.code];
  if (name) return t(name);
  return (
    words(contract.value?.errors.find((each) => each.code === error?.code)?.label) || String(error?.message)
  );
}
