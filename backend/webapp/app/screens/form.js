// The form of a document, drawn from the contract. Each change is stored as a draft before anything else happens.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { contract, kindOf, words } from "../contract/contract.js";
import { fieldFaults } from "../form/field_checks.js";
import { FieldInput, Receipts, useOptions } from "../form/inputs.js";
import { photoInput } from "../form/photos.js";
import { fieldPlace, withValue } from "../form/places.js";
import { emptyValue, prefilled, withLine } from "../form/prefill.js";
import { html } from "../html.js";
import { changes, device } from "../shell/device.js";
import { Icon } from "../shell/icon.js";
import { Empty, Layout } from "../shell/layout.js";
import { address, BASE, navigate } from "../shell/router.js";
import { showToast } from "../shell/toasts.js";
import { formOpened } from "../shell/update.js";
import { t } from "../texts/text.js";
import { documentName } from "./outbox.js";

/** @typedef {import("../contract/contract.js").Field} Field */
/** @typedef {import("../contract/contract.js").Kind} Kind */
/** @typedef {import("../form/inputs.js").Form} Form */
/** @typedef {(string | number)[]} Path */

/** @param {{ names: string[] }} properties */
export function FormPage({ names: [id = ""] }) {
  const draft = useSignal(/** @type {any} */ (undefined));
  useEffect(() => {
    device.call.draft(id).then((read) => {
      draft.value = read;
    });
  }, [id]);
  const kind = draft.value && kindOf(draft.value.kind);
  if (draft.value === null) {
    return html`<${Layout} title=${t("not_found.title")} back=${BASE}><${Empty} text=${t("form.gone")} /><//>`;
  }
  if (!kind) return html`<${Layout} title=${t("loading")} back=${BASE} />`;
  return html`<${OpenForm} id=${id} draft=${draft.value} kind=${kind} />`;
}

/** @param {{ id: string, draft: any, kind: Kind }} properties */
function OpenForm({ id, draft, kind }) {
  const body = useSignal(draft.body);
  const faults = useSignal(/** @type {any[]} */ ([]));
  const warnings = useSignal(/** @type {any[]} */ ([]));
  const photos = useRef(/** @type {string[]} */ (draft.photos ?? []));
  const isBusy = useSignal(false);
  const isDone = useRef(false);
  useEffect(formOpened, []);
  useEffect(() => {
    let isCurrent = true;
    device.call.check(kind.name, body.value).then(
      (result) => {
        if (isCurrent) warnings.value = result.warnings;
      },
      () => {
        // Half of a number was typed: there is nothing to say yet.
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [body.value, contract.value]);

  const store = async (/** @type {{ bytes: Uint8Array<ArrayBuffer>, filename: string }[]} */ added = []) => {
    if (isDone.current) return [];
    const { route, supersedes } = draft;
    const stored = { kind: kind.name, body: body.value, route, supersedes, photos: photos.current };
    const names = await device.call.saveDraft(id, stored, added);
    photos.current = [...photos.current, ...names];
    return names;
  };
  const change = (/** @type {Path} */ path, /** @type {any} */ value) => {
    body.value = withValue(body.value, path, value);
    faults.value = faults.value.filter((each) => !each.field.startsWith(path.join(".")));
    void store();
    void fillIn(path);
  };
  /** Fill in what follows from the field that was changed, such as the price from the product. */
  const fillIn = async (/** @type {Path} */ path) => {
    const before = body.value;
    const [first, index] = path;
    const isReference = kind.fields.some((each) => each.name === first && each.references);
    const isLine = first === kind.lines && typeof index === "number";
    if (!isReference && !isLine) return;
    const filled = isLine
      ? withValue(before, [String(first), index], await withLine(kind, before, before[String(first)][index]))
      : await prefilled(kind, before);
    // The person may have typed on.
    if (body.value !== before) return;
    body.value = filled;
    await store();
  };
  const addPhoto = async (/** @type {Path} */ path, /** @type {File} */ file) => {
    const [sha256] = await store([await photoInput(file)]);
    const list = path.reduce((value, part) => value?.[part], body.value) ?? [];
    const name = `sha256:${sha256}`;
    if (list.includes(name)) showToast(t("form.receipt_twice"));
    else change(path, [...list, name]);
  };
  const save = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const own = [...fieldFaults(kind.fields, body.value)];
    // Rules calculate with values, so the values come first.
    const checked =
      own.length > 0 ? { faults: [], warnings: [] } : await device.call.check(kind.name, body.value);
    faults.value = [...own, ...checked.faults];
    if (faults.value.length > 0) {
      // The list of faults is new on the screen: wait until it is there.
      requestAnimationFrame(() => document.getElementById("faults")?.focus());
      return;
    }
    isBusy.value = true;
    try {
      const title = documentName({ kind: kind.name, title: "", body: body.value });
      await device.capture({
        kind: kind.name,
        body: body.value,
        title,
        supersedes: draft.supersedes,
        warnings: checked.warnings,
        draft: id,
      });
      isDone.current = true;
      showToast(t("form.saved"));
      navigate(address("outbox"), { replace: true });
    } catch (/** @type {any} */ error) {
      faults.value = error.faults ?? [{ field: "", message: String(error.message), parameters: {} }];
    } finally {
      isBusy.value = false;
    }
  };
  const discard = async () => {
    isDone.current = true;
    const { kind: name, body: kept } = { ...draft, body: body.value };
    await device.call.discardDraft(id);
    navigate(BASE, { replace: true });
    showToast(t("form.discarded"), async () => {
      await device.call.saveDraft(id, {
        kind: name,
        body: kept,
        route: draft.route,
        supersedes: draft.supersedes,
        photos: [],
      });
      changes.value += 1;
    });
  };

  /** @type {Form} */
  const form = { kind, body: body.value, faults: faults.value, warnings: warnings.value, change, addPhoto };
  return html`
    <${Layout} title=${words(kind.label)} back=${BASE}>
      <form onSubmit=${save} novalidate>
        <${FaultList} kind=${kind} faults=${faults.value} />
        ${kind.fields.filter((each) => !each.hidden).map((field) => html`<${AnyField} key=${field.name} field=${field} path=${[field.name]} value=${body.value[field.name]} form=${form} />`)}
        <p class="hint">${t("form.kept")}</p>
        <button type="submit" aria-busy=${isBusy.value} disabled=${isBusy.value}>${t("form.save")}</button>
        <button type="button" class="secondary" onClick=${discard}>${t("form.discard")}</button>
      </form>
    <//>`;
}

/** @param {{ kind: Kind, faults: any[] }} properties */
function FaultList({ kind, faults }) {
  if (faults.length === 0) return null;
  return html`
    <div id="faults" class="faults" tabindex="-1" role="alert">
      <p>${t("form.faults")}</p>
      <ul>
        ${faults.map(
          (each) =>
            html`<li key=${each.field + each.reason}><a href=${`#field-${each.field}`} data-load onClick=${(
              /** @type {Event} */ event,
            ) => {
              event.preventDefault();
              const field = document.getElementById(`field-${each.field}`);
              field?.scrollIntoView({ block: "center" });
              /** @type {HTMLElement | null | undefined} */ (
                field?.querySelector("input, select, textarea, button")
              )?.focus();
            }}>${fieldPlace(kind.fields, each.field)}</a></li>`,
        )}
      </ul>
    </div>`;
}

/** @param {{ field: Field, path: Path, value: any, form: Form }} properties */
function AnyField({ field, path, value, form }) {
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

/** @param {{ field: Field, path: Path, value: any[], form: Form }} properties */
function LinesInput({ field, path, value, form }) {
  const fields = (field.item?.fields ?? []).filter((each) => !each.hidden && each.name !== "line_no");
  const add = async () => {
    const line = Object.fromEntries((field.item?.fields ?? []).map((each) => [each.name, emptyValue(each)]));
    form.change(path, [...value, await withLine(form.kind, form.body, line)]);
  };
  return html`
    <section id=${`field-${path.join(".")}`}>
      <h2>${words(field.label)}</h2>
      ${value.map(
        (line, n) => html`
          <fieldset key=${line.line_no ?? n} class="line">
            <legend>${t("form.line", { number: n + 1 })}</legend>
            ${fields.map((each) => html`<${AnyField} key=${each.name} field=${each} path=${[...path, n, each.name]} value=${line[each.name]} form=${form} />`)}
            <button type="button" class="secondary outline" onClick=${() => {
              form.change(
                path,
                value.filter((_, other) => other !== n),
              );
              showToast(t("form.line_removed"), () => form.change(path, value));
            }}>${t("form.remove_line", { number: n + 1 })}</button>
          </fieldset>`,
      )}
      <button type="button" class="secondary" onClick=${add}><${Icon} name="add" /> ${t("form.add_line")}</button>
    </section>`;
}
