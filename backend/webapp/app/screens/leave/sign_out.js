// Signing out: says first what is not sent, and offers it as a file. Documents and drafts stay in any case.

import { useSignal } from "@preact/signals";
import { html } from "../../html.js";
import { problemText } from "../../problems/texts.js";
import { device, stored } from "../../shell/device.js";
import { logError } from "../../shell/error_log.js";
import { BASE, navigate } from "../../shell/router.js";
import { showToast } from "../../shell/toasts.js";
import { countText } from "../../texts/text.js";
import { Export } from "./export.js";
import { text } from "./texts.js";

export function SignOut() {
  const isAsking = useSignal(false);
  if (!stored.value?.rep) return null;
  const unsent = stored.value.documents.unsent;
  const ask = () => {
    isAsking.value = !isAsking.value;
  };
  const leave = async () => {
    try {
      await device.call.signOut();
      navigate(BASE);
      showToast(text("signed_out"));
    } catch (error) {
      logError(error);
      showToast(problemText(error));
    }
  };
  if (!isAsking.value) {
    return html`<section><button type="button" class="secondary" onClick=${ask}>${text("sign_out")}</button></section>`;
  }
  return html`
    <section aria-label=${text("sign_out")}>
      <p>${text("what")}</p>
      ${
        unsent > 0 &&
        html`
          <p class="fault" role="alert">${countText(text, "one_unsent", "many_unsent", unsent)}</p>
          <${Export} />`
      }
      <div class="buttons">
        <button type="button" onClick=${ask}>${text("cancel")}</button>
        <button type="button" class="secondary" onClick=${leave}>${text("sign_out_now")}</button>
      </div>
    </section>`;
}
