// Photos and files of receipts: taken with the camera or chosen. The draft is stored before the camera opens, because
// phones kill the page while it is open.

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { words } from "../contract/contract.js";
import { documentName } from "../contract/document_name.js";
import { html } from "../html.js";
import { device, useStored } from "../shell/device.js";
import { t } from "../texts/text.js";
import { Notes } from "./inputs.js";
import { pathText } from "./places.js";
import { receiptFile } from "./receipt_files.js";

/** @typedef {import("../contract/contract.js").Field} Field */
/** @typedef {import("./use_form.js").Form} Form */
/** @typedef {import("./use_form.js").Path} Path */

const CHARACTERS_SHOWN = [7, 15];

/** @param {{ field: Field, value: string[], path: Path, form: Form }} properties */
export function Receipts({ field, value, path, form }) {
  const camera = useRef(/** @type {HTMLInputElement | null} */ (null));
  const files = useRef(/** @type {HTMLInputElement | null} */ (null));
  const busy = useSignal(false);
  const problem = useSignal("");
  const { value: documents } = useStored(() => device.call.documents(), []);
  const id = pathText(path);
  const add = async (/** @type {any} */ event) => {
    const file = event.target.files?.[0];
    // The same file may be chosen again after it was removed.
    event.target.value = "";
    problem.value = "";
    if (!file) return;
    busy.value = true;
    try {
      const read = await receiptFile(file);
      if ("problem" in read) problem.value = t(`form.${read.problem}`, { name: file.name });
      else if (!(await form.addPhoto(path, read))) problem.value = t("form.receipt_twice");
    } finally {
      busy.value = false;
    }
  };
  /** @param {HTMLInputElement | null} input */
  const open = (input) => {
    // The page may not live any more when the photo has been taken.
    void form.store();
    input?.click();
  };
  return html`
    <div class="field" id=${`field-${id}`}>
      <span>${words(field.label)}</span>
      <ul>
        ${value.map(
          (each, n) => html`
            <li key=${each}>
              ${t("form.receipt", { number: n + 1 })} <code>${each.slice(...CHARACTERS_SHOWN)}</code>
              <button type="button" class="plain" aria-label=${t("form.remove_receipt", { number: n + 1 })}
                onClick=${() =>
                  form.change(
                    path,
                    value.filter((one) => one !== each),
                  )}>✕</button>
              ${usedIn(each, path, form, documents ?? []).map(
                (use) =>
                  html`<p class="warning" key=${use} data-from-server>${t("form.receipt_used", { where: use })}</p>`,
              )}
            </li>`,
        )}
      </ul>
      <${Notes} path=${id} form=${form} />
      <p class="fault" role="alert" data-from-server>${problem.value}</p>
      <div class="buttons">
        <button id=${id} type="button" aria-busy=${busy.value} onClick=${() => open(camera.current)}>${t("form.take_photo")}</button>
        <button type="button" class="secondary" aria-busy=${busy.value} onClick=${() => open(files.current)}>${t("form.add_receipt")}</button>
      </div>
      <input ref=${camera} hidden type="file" accept="image/*" capture="environment" onChange=${add} />
      <input ref=${files} hidden type="file" accept="image/*,application/pdf" onChange=${add} />
    </div>`;
}

/**
 * Return where else *receipt* is used: in other lines of this document, and in other documents.
 *
 * @param {string} receipt
 * @param {Path} path
 * @param {Form} form
 * @param {import("../shell/device.js").StoredDocument[]} documents
 */
function usedIn(receipt, [list, index], form, documents) {
  const lines = /** @type {any[]} */ (Array.isArray(form.body[String(list)]) ? form.body[String(list)] : []);
  const others = lines.flatMap((line, n) =>
    n !== index && line?.receipts?.includes(receipt) ? [t("form.line", { number: n + 1 })] : [],
  );
  const isOther = (/** @type {import("../shell/device.js").StoredDocument} */ each) =>
    each.id !== form.supersedes && !["dismissed", "withdrawn", "superseded"].includes(each.stage);
  const elsewhere = documents.filter((each) => isOther(each) && JSON.stringify(each.body).includes(receipt));
  return [...others, ...elsewhere.map((each) => documentName(each))];
}
