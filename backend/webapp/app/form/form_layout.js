// What surrounds the fields of every form: what is wrong, and the buttons that end it.

import { words } from "../contract/contract.js";
import { html } from "../html.js";
import { Layout } from "../shell/layout.js";
import { BASE } from "../shell/router.js";
import { t } from "../texts/text.js";
import { FaultList } from "./fault_list.js";

/**
 * @param {{ form: import("./use_form.js").Form, onSaved: (id: string) => void, children?: unknown }} properties
 */
export function FormLayout({ form, onSaved, children }) {
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const saved = await form.save();
    if (saved) onSaved(saved);
  };
  return html`
    <${Layout} title=${words(form.kind.label)} back=${BASE}>
      <form onSubmit=${submit} onFocusIn=${form.focusIn} onFocusOut=${form.focusOut} novalidate>
        <${FaultList} form=${form} />
        ${children}
        <p class="hint">${t("form.kept")}</p>
        <button type="submit" aria-busy=${form.isBusy} disabled=${form.isBusy}>${t("form.save")}</button>
        <button type="button" class="secondary" onClick=${form.discard}>${t("form.discard")}</button>
      </form>
    <//>`;
}
