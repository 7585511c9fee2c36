// Everything that is wrong with a form, each with a way to its field.

import { reasonText } from "../contract/reasons.js";
import { html } from "../html.js";
import { t } from "../texts/text.js";
import { fieldPlace } from "./places.js";

/** @param {{ form: import("./use_form.js").Form }} properties */
export function FaultList({ form: { kind, faults } }) {
  if (faults.length === 0) return null;
  return html`
    <div id="faults" class="faults" tabindex="-1" role="alert">
      <p>${t("form.faults")}</p>
      <ul>
        ${faults.map(
          (each) => html`
            <li key=${each.field + each.reason}>
              ${
                each.field
                  ? html`<a href=${`#field-${each.field}`} data-load onClick=${(/** @type {Event} */ event) => {
                      event.preventDefault();
                      showField(each.field);
                    }}>${fieldPlace(kind.fields, each.field)}</a>`
                  : html`<span data-from-server>${reasonText(each.reason, each.parameters ?? {}, each.message)}</span>`
              }
            </li>`,
        )}
      </ul>
    </div>`;
}

/** @param {string} path Scroll to a field and focus it; to the nearest one around it that is on the screen. */
export function showField(path) {
  const parts = [path, path.replace(/\.[^.]*$/, ""), path.replace(/[.[].*$/, "")];
  const field = parts.map((each) => document.getElementById(`field-${each}`)).find(Boolean);
  field?.closest("details")?.setAttribute("open", "");
  field?.scrollIntoView({ block: "center" });
  /** @type {HTMLElement | null | undefined} */ (
    field?.querySelector("input, select, textarea, button")
  )?.focus();
}
