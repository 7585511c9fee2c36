// One input for each type of field. An input keeps what is typed; when it is left, the value takes the wire's form.

import { collectionOf, contract, words } from "../contract/contract.js";
import { nameOf } from "../contract/names.js";
import { reasonText } from "../contract/reasons.js";
import { html } from "../html.js";
import { device, useStored } from "../shell/device.js";
import { t } from "../texts/text.js";
import { clean } from "./cleaning.js";
import { pathText } from "./places.js";
import { RecordPicker } from "./record_picker.js";

/** @typedef {import("../contract/contract.js").Field} Field */
/** @typedef {(string | number)[]} Path */
/** @typedef {import("./use_form.js").Form} Form */

const TEXT_TYPES = ["text", "ulid", "sha256", "receipt", "key", "currency", "country", "json"];
const DECIMAL_TYPES = ["money", "price", "quantity", "percent"];

/**
 * @param {{ field: Field, value: any, path: Path, form: Form, options?: { value: string, text: string }[] | null }}
 *   properties options: the values that may be chosen, if the contract limits them
 */
export function FieldInput({ field, value, path, form, options = null }) {
  const id = pathText(path);
  const isFaulty = form.faults.some((each) => each.field === id);
  const isRequired = field.required && !field.nullable;
  return html`
    <div class="field" id=${`field-${id}`}>
      <label for=${id}>
        ${words(field.label)}${isRequired ? "" : html` <small>${words(contract.value?.words.optional)}</small>`}
      </label>
      <${Input} field=${field} value=${value} path=${path} form=${form} options=${options} isFaulty=${isFaulty} />
      ${field.help && html`<small>${words(field.help)}</small>`}
      <${Notes} path=${id} form=${form} />
    </div>`;
}

/** @param {{ path: string, form: Form }} properties What is wrong with a field, and what the rep should know. */
export function Notes({ path, form }) {
  const own = (/** @type {any} */ each) => each.field === path;
  const faults = form.faults.filter(own);
  const notes = [...faults, ...form.warnings.filter(own)];
  return html`
    <div id=${`${path}-notes`} role=${notes.length ? "alert" : undefined}>
      ${notes.map(
        (note) => html`<p class=${faults.includes(note) ? "fault" : "warning"} data-from-server>
          ${reasonText(note.reason, note.parameters ?? {}, note.message)}
        </p>`,
      )}
    </div>`;
}

/**
 * @param {{ field: Field, value: any, path: Path, form: Form, options: { value: string, text: string }[] | null,
 *   isFaulty: boolean }} properties
 */
function Input({ field, value, path, form, options, isFaulty }) {
  const id = pathText(path);
  const change = (/** @type {any} */ next) => form.change(path, next);
  const common = { id, "aria-invalid": isFaulty ? "true" : undefined, "aria-describedby": `${id}-notes` };
  if (options && options.length > 0) {
    // The names of these options are the company's data.
    const ofData = { ...common, "data-from-server": "" };
    return html`<${Select} common=${ofData} value=${value} options=${options} mayBeEmpty=${field.nullable} change=${change} />`;
  }
  if (field.references) {
    return html`<${RecordPicker} common=${common} collectionName=${field.references} value=${value} onChoose=${change} />`;
  }
  switch (field.type) {
    case "choice": {
      const all = (field.choices ?? []).map((each) => ({ value: each.value, text: words(each.label) }));
      return html`<${Select} common=${common} value=${value} options=${all} mayBeEmpty=${!value || field.nullable} change=${change} />`;
    }
    case "flag":
      return html`<input ...${common} type="checkbox" role="switch" checked=${Boolean(value)}
        onChange=${(/** @type {any} */ event) => change(event.target.checked)} />`;
    case "date":
    case "month":
      return html`<input ...${common} type=${field.type} value=${value ?? ""}
        onChange=${(/** @type {any} */ event) => change(event.target.value || null)} />`;
    default:
      if (TEXT_TYPES.includes(field.type) || DECIMAL_TYPES.includes(field.type) || field.type === "count") {
        return html`<${TextInput} common=${common} field=${field} value=${value} change=${change} />`;
      }
      // A type of a newer server: shown, and not edited.
      return html`<output ...${common} data-from-server>${typeof value === "object" ? JSON.stringify(value) : value}</output>`;
  }
}

/** @param {{ common: object, field: Field, value: any, change: (value: any) => void }} properties */
function TextInput({ common, field, value, change }) {
  const inputmode = DECIMAL_TYPES.includes(field.type)
    ? "decimal"
    : field.type === "count"
      ? "numeric"
      : undefined;
  const events = {
    onInput: (/** @type {any} */ event) => change(clean(field, event.target.value, { isDone: false })),
    onBlur: (/** @type {any} */ event) => change(clean(field, event.target.value, { isDone: true })),
  };
  if (field.type === "text" && field.multiline) {
    return html`<textarea ...${common} ...${events} value=${value ?? ""} rows="3" dir="auto"></textarea>`;
  }
  return html`<input ...${common} ...${events} value=${value ?? ""} inputmode=${inputmode} dir="auto" autocomplete="off" />`;
}

/**
 * @param {{ common: object, value: any, options: { value: string, text: string }[], mayBeEmpty: boolean,
 *   change: (value: any) => void }} properties
 */
function Select({ common, value, options, mayBeEmpty, change }) {
  const isKnown = options.some((each) => each.value === value);
  return html`
    <select ...${common} value=${value ?? ""} onChange=${(/** @type {any} */ event) => change(event.target.value || null)}>
      ${(mayBeEmpty || !isKnown) && html`<option value="">${t("form.none")}</option>`}
      ${options.map((each) => html`<option key=${each.value} value=${each.value}>${each.text}</option>`)}
    </select>`;
}

/**
 * Return the values that the contract allows for the field at *path*, with their names; null if it does not limit them.
 *
 * @param {Form} form
 * @param {string} path As the contract has it: `lines.unit`.
 * @param {Record<string, any>} line
 */
export function useOptions(form, path, line) {
  const [source = "", target = ""] = form.kind.options[path] ?? [];
  const [list = "", inLine] = source.split(".");
  const known = form.kind.fields.find((each) => each.name === list);
  const field = inLine ? known?.item?.fields?.find((each) => each.name === inLine) : known;
  const key = inLine ? line[inLine] : form.body[list];
  const references = field?.references ?? "";
  const { value: record } = useStored(
    async () => (references && key ? device.call.record(references, String(key)) : null),
    [references, key],
  );
  if (!record) return null;
  const [records = "", name = ""] = target.split(".");
  const fields = collectionOf(references)?.fields.find((each) => each.name === records)?.item?.fields ?? [];
  const refersTo = fields.find((each) => each.name === name)?.references;
  return (record[records] ?? []).map((/** @type {any} */ each) => ({
    value: String(each[name]),
    text: refersTo
      ? nameOf(refersTo, String(each[name]))
      : [each.name, each.street, each.city].filter(Boolean).join(", ") || String(each[name]),
  }));
}
