// Any field of a form as the contract declares it: a value, an object, receipts, or a list of lines.

import { words } from "../contract/contract.js";
import { LINE_NUMBER } from "../contract/values.js";
import { html } from "../html.js";
import { Receipts } from "../receipts/input.js";
import { logError } from "../shell/error_log.js";
import { Icon } from "../shell/icon.js";
import { showToast } from "../shell/toasts.js";
import { t } from "../texts/text.js";
import { FieldInput, useOptions } from "./inputs.js";
import { pathText } from "./places.js";
import { emptyValue, withLine } from "./prefill.js";

/** @typedef {import("../contract/contract.js").Field} Field */
/** @typedef {import("./use_form.js").Form} Form */
/** @typedef {import("./use_form.js").Path} Path */

/** @param {{ field: Field, path: Path, value: any, form: Form }} properties */
export function AnyField({ field, path, value, form }) {
  const line = path.length > 2 ? form.body[String(path[0])]?.[/** @type {number} */ (path[1])] : {};
  const options = useOptions(form, path.filter((part) => typeof part === "string").join("."), line ?? {});
  if (field.type === "list" && field.item?.type === "object") {
    return html`<${LinesInput} field=${field} path=${path} value=${value ?? []} form=${form} />`;
  }
  if (field.type === "list" && field.item?.type === "receipt") {
    return html`<${Receipts} field=${field} path=${path} value=${value ?? []} form=${form} />`;
  }
  if (field.type === "object") {
    return html`
      <fieldset>
        <legend>${words(field.label)}</legend>
        ${(field.fields ?? []).map((each) => html`<${AnyField} key=${each.name} field=${each} path=${[...path, each.name]} value=${value?.[each.name]} form=${form} />`)}
      </fieldset>`;
  }
  return html`<${FieldInput} field=${field} value=${value} path=${path} form=${form} options=${options} />`;
}

/**
 * The fields of the document, or of the line at *path*, that *names* names; without *names* all but *without*.
 *
 * @param {{ form: Form, path?: Path, names?: string[], without?: string[] }} properties
 */
export function FieldsOf({ form, path = [], names, without = [] }) {
  const [list, index] = path;
  const line = list === undefined ? form.body : form.body[String(list)]?.[Number(index)];
  const all =
    list === undefined
      ? form.kind.fields
      : (form.kind.fields.find((each) => each.name === list)?.item?.fields ?? []);
  const shown = names
    ? names.map((name) => all.find((each) => each.name === name)).filter((each) => each !== undefined)
    : all.filter((each) => !each.hidden && each.name !== LINE_NUMBER && !without.includes(each.name));
  return html`${shown.map((each) => html`<${AnyField} key=${each.name} field=${each} path=${[...path, each.name]} value=${line?.[each.name]} form=${form} />`)}`;
}

/** @param {{ field: Field, path: Path, value: any[], form: Form }} properties */
function LinesInput({ field, path, value, form }) {
  return html`
    <section id=${`field-${pathText(path)}`}>
      <h2>${words(field.label)}</h2>
      ${value.map(
        (line, n) => html`
          <fieldset key=${line.line_no ?? n} class="line">
            <legend>${t("form.line", { number: n + 1 })}</legend>
            <${FieldsOf} form=${form} path=${[...path, n]} />
            <button type="button" class="secondary outline" onClick=${() => removeLine(form, path, n)}>
              ${t("form.remove_line", { number: n + 1 })}
            </button>
          </fieldset>`,
      )}
      <button type="button" class="secondary" onClick=${() => addLine(form, path)}><${Icon} name="add" /> ${t("form.add_line")}</button>
    </section>`;
}

/**
 * Add a line with what the contract prefills.
 *
 * @param {Form} form
 * @param {Path} path
 * @param {Record<string, any>} [given] Values of the line.
 */
export function addLine(form, path, given = {}) {
  // One after another: each line has the number after the one before, and a scanner reads faster than this.
  adding = adding.then(() => addNow(form, path, given)).catch(logError);
  return adding;
}

/** @type {Promise<void>} */
let adding = Promise.resolve();

/**
 * @param {Form} form
 * @param {Path} path
 * @param {Record<string, any>} given
 */
async function addNow(form, path, given) {
  const list = String(path[0]);
  const fields = form.kind.fields.find((each) => each.name === list)?.item?.fields ?? [];
  const empty = Object.fromEntries(fields.map((each) => [each.name, emptyValue(each)]));
  const line = await withLine(form.kind, form.latest(), { ...empty, ...given });
  form.change(path, [...(form.latest()[list] ?? []), line]);
}

/**
 * Remove line *n*, and offer to put it back.
 *
 * @param {Form} form
 * @param {Path} path
 * @param {number} n
 */
export function removeLine(form, path, n) {
  const lines = form.latest()[String(path[0])] ?? [];
  form.change(
    path,
    lines.filter((/** @type {unknown} */ _, /** @type {number} */ other) => other !== n),
  );
  showToast(t("form.line_removed"), () => form.change(path, lines));
}
