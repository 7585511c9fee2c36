// The file with what the server does not have, which the office can import.

import { useSignal } from "@preact/signals";
import { html } from "../../html.js";
import { problemText } from "../../problems/texts.js";
import { device, stored } from "../../shell/device.js";
import { logError } from "../../shell/error_log.js";
import { saveFile } from "../../shell/files.js";
import { showToast } from "../../shell/toasts.js";
import { text } from "./texts.js";

/** The offer to save the file; nothing if everything has been sent. */
export function Export() {
  const busy = useSignal(false);
  const isSaved = useSignal(false);
  if (!stored.value?.documents.unsent && !stored.value?.hasExport) return null;
  const { hasExport } = stored.value;
  const save = async () => {
    busy.value = true;
    try {
      const file = await device.call.exportUnsent();
      if (file) saveFile(file.name, "application/zip", [file.bytes]);
      else showToast(text("saved_nothing"));
      isSaved.value = Boolean(file);
    } catch (error) {
      logError(error);
      showToast(problemText(error));
    } finally {
      busy.value = false;
    }
  };
  return html`
    <section>
      <p>${text(hasExport ? "wiped" : "why_save")}</p>
      <button type="button" class="secondary" aria-busy=${busy.value} onClick=${save}>${text("save")}</button>
      ${
        hasExport &&
        isSaved.value &&
        html`<button type="button" class="secondary outline" onClick=${() => device.call.discardExport()}>
          ${text("handed_over")}
        </button>`
      }
    </section>`;
}
