// Photos and files of receipts: taken with the camera or chosen. The draft is stored before the camera opens, because
// phones kill the page while it is open.

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { words } from "../contract/contract.js";
import { documentName } from "../contract/document_name.js";
import { LIMITS } from "../device/limits.js";
import { Notes } from "../form/inputs.js";
import { pathText } from "../form/places.js";
import { html } from "../html.js";
import { device, useStored } from "../shell/device.js";
import { bytesText } from "../texts/sizes.js";
import { t } from "../texts/text.js";
import { receiptFile } from "./files.js";
import { Receipt } from "./preview.js";
import { text } from "./texts.js";

/** @typedef {import("../contract/contract.js").Field} Field */
/** @typedef {import("../form/use_form.js").Form} Form */
/** @typedef {import("../form/use_form.js").Path} Path */

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
    await form.during(read(file));
    busy.value = false;
  };
  const read = async (/** @type {File} */ file) => {
    const found = await receiptFile(file);
    if ("problem" in found) problem.value = problemText(found.problem, file);
    else if (!(await form.addPhoto(path, found))) problem.value = text("twice");
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
      <ul class="receipts">
        ${value.map(
          (each, n) => html`
            <li key=${each}>
              <${Receipt} receipt=${each} number=${n + 1} />
              <button type="button" class="plain" aria-label=${text("remove", { number: n + 1 })}
                onClick=${() =>
                  form.change(
                    path,
                    value.filter((one) => one !== each),
                  )}>✕</button>
              ${usedIn(each, path, form, documents ?? []).map(
                (use) =>
                  html`<p class="warning" key=${use} data-from-server>${text("used", { where: use })}</p>`,
              )}
            </li>`,
        )}
      </ul>
      <${Notes} path=${id} form=${form} />
      <p class="fault" role="alert" data-from-server>${problem.value}</p>
      <div class="buttons">
        <button id=${id} type="button" aria-busy=${busy.value} onClick=${() => open(camera.current)}>${text("take_photo")}</button>
        <button type="button" class="secondary" aria-busy=${busy.value} onClick=${() => open(files.current)}>${text("add")}</button>
      </div>
      <input ref=${camera} hidden type="file" accept="image/*" capture="environment" onChange=${add} />
      <input ref=${files} hidden type="file" accept="image/*,application/pdf" onChange=${add} />
    </div>`;
}

/**
 * @param {import("./files.js").ReceiptProblem} problem
 * @param {File} file
 */
function problemText(problem, file) {
  const sizes = { size: bytesText(file.size), limit: bytesText(LIMITS.receipt_bytes) };
  return text(problem, { name: file.name, ...sizes });
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
