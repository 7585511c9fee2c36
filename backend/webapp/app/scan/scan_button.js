// A button that reads a code with the camera; what it needs for that is loaded then. Keyboard scanners need none: they
// type into the field.

import { useSignal } from "@preact/signals";
import { html } from "../html.js";
import { showToast } from "../shell/toasts.js";
import { t } from "../texts/text.js";

/** @param {{ onCode: (code: string) => void, label: string }} properties */
export function ScanButton({ onCode, label }) {
  const isOpen = useSignal(false);
  const scanner = useSignal(/** @type {any} */ (null));
  const scanned = (/** @type {string} */ code) => {
    isOpen.value = false;
    onCode(code);
  };
  const change = async () => {
    isOpen.value = !isOpen.value;
    try {
      if (isOpen.value) scanner.value = { Scanner: (await import("./scanner.js")).Scanner };
    } catch {
      isOpen.value = false;
      showToast(t("no_answer"));
    }
  };
  return html`
    <button type="button" class="secondary" aria-expanded=${isOpen.value} onClick=${change}>
      ${isOpen.value ? t("close") : label}
    </button>
    ${isOpen.value && scanner.value && html`<${scanner.value.Scanner} onCode=${scanned} />`}`;
}
