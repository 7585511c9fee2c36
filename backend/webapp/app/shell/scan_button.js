// A button that reads a code with the camera, where the browser has a detector. Keyboard scanners need none:
// they type into the field.

import { useSignal } from "@preact/signals";
import { html } from "../html.js";
import { t } from "../texts/text.js";
import { canScan, Scanner } from "./scanner.js";

/** @param {{ onCode: (code: string) => void }} properties */
export function ScanButton({ onCode }) {
  const isOpen = useSignal(false);
  if (!canScan()) return null;
  const scanned = (/** @type {string} */ code) => {
    isOpen.value = false;
    onCode(code);
  };
  return html`
    <button type="button" class="secondary" aria-expanded=${isOpen.value} onClick=${() => {
      isOpen.value = !isOpen.value;
    }}>${t(isOpen.value ? "close" : "scan.barcode")}</button>
    ${isOpen.value && html`<${Scanner} onCode=${scanned} />`}`;
}
