// Captures an expense claim: expenses by category, each with its receipts, and with the limits of its category.

import { useSignal } from "@preact/signals";
import { nameOf } from "../../contract/names.js";
import { moneyText } from "../../contract/values.js";
import { Decimal } from "../../device/decimals.js";
import { addLine, FieldsOf, removeLine } from "../../form/fields.js";
import { FormLayout } from "../../form/form_layout.js";
import { Notes } from "../../form/inputs.js";
import { bodyTotal } from "../../form/totals.js";
import { useForm } from "../../form/use_form.js";
import { html } from "../../html.js";
import { device, useStored } from "../../shell/device.js";
import { Icon } from "../../shell/icon.js";
import { address, navigate } from "../../shell/router.js";
import { text } from "./texts.js";

/** @typedef {import("../../form/use_form.js").Form} Form */
/** @typedef {Record<string, any>} Category */

const FIRST = ["purpose", "customer_id", "project"];
const READ = 200;

/** @param {{ id: string, draft: any, kind: import("../../contract/contract.js").Kind }} properties */
export function ClaimForm({ id, draft, kind }) {
  const form = useForm(id, draft, kind);
  const { value: categories = [] } = useStored(
    () => device.call.records("expense_categories", { limit: READ }),
    [],
  );
  // What a person types in must not close when the currency is not missing any more.
  const isUsed = useSignal(false);
  const use = (/** @type {FocusEvent} */ event) => {
    if (event.target instanceof HTMLElement && event.target.tagName !== "SUMMARY") isUsed.value = true;
  };
  return html`
    <${FormLayout} form=${form} onSaved=${() => navigate(address("outbox"), { replace: true })}>
      <${FieldsOf} form=${form} names=${FIRST} />
      <${Lines} form=${form} categories=${categories} />
      <details open=${isUsed.value || !form.body.currency} onFocusIn=${use}>
        <summary>${text("more_fields")}</summary>
        <${FieldsOf} form=${form} without=${[...FIRST, "lines"]} />
      </details>
      <${Totals} form=${form} />
    <//>`;
}

/** @param {{ form: Form, categories: Category[] }} properties */
function Lines({ form, categories }) {
  const lines = /** @type {Record<string, any>[]} */ (form.body.lines ?? []);
  return html`
    <section id="field-lines">
      <h2>${text("lines")}</h2>
      ${lines.length === 0 && html`<p>${text("no_lines")}</p>`}
      <${Notes} path="lines" form=${form} />
      ${lines.map((line, n) => html`<${Expense} key=${line.line_no} form=${form} n=${n} category=${categories.find((each) => each.id === line.category_id)} />`)}
      <h3>${text("add")}</h3>
      <div class="buttons">
        ${categories
          .filter((each) => each.active)
          .map(
            (each) => html`
              <button key=${each.id} type="button" class="secondary" data-from-server onClick=${() => addLine(form, ["lines"], { category_id: each.id })}>
                <${Icon} name="add" /> ${each.name}
              </button>`,
          )}
      </div>
    </section>`;
}

/** @param {{ form: Form, n: number, category: Category | undefined }} properties */
function Expense({ form, n, category }) {
  return html`
    <fieldset class="line" id=${`field-lines[${n}]`}>
      <legend data-from-server>${category?.name ?? n + 1}</legend>
      ${category && limitTexts(category).map((each) => html`<small class="detail" data-from-server>${each}</small>`)}
      <div class="beside"><${FieldsOf} form=${form} path=${["lines", n]} names=${["amount", "date"]} /></div>
      <${FieldsOf} form=${form} path=${["lines", n]} names=${["description", "receipts"]} />
      <${FieldsOf} form=${form} path=${["lines", n]} without=${["amount", "date", "description", "receipts"]} />
      <button type="button" class="secondary outline" onClick=${() => removeLine(form, ["lines"], n)}>
        ${text("remove", { number: n + 1 })}
      </button>
    </fieldset>`;
}

/** @param {Category} category Return a sentence for each of its limits. */
function limitTexts({ limit_per_line, receipt_above, currency }) {
  const texts = [];
  if (limit_per_line !== null) texts.push(text("limit", { amount: moneyText(limit_per_line, currency) }));
  if (receipt_above !== null) {
    const isAlways = Decimal.of(receipt_above).units === 0n;
    texts.push(
      isAlways ? text("receipt_always") : text("receipt_above", { amount: moneyText(receipt_above, currency) }),
    );
  }
  return texts;
}

/** @param {{ form: Form }} properties */
function Totals({ form: { body } }) {
  const lines = /** @type {Record<string, any>[]} */ (body.lines ?? []);
  if (lines.length === 0) return null;
  const total = bodyTotal(body);
  const keys = [...new Set(lines.map((each) => each.category_id).filter(Boolean))];
  return html`
    <section>
      <h2>${text("by_category")}</h2>
      <dl class="figures">
        ${keys.map((key) => {
          const own = { ...body, lines: lines.filter((each) => each.category_id === key) };
          return html`<div key=${key} data-from-server><dt>${nameOf("expense_categories", key)}</dt><dd>${bodyTotal(own).text}</dd></div>`;
        })}
      </dl>
      <p class="item total" role="status">
        <span>${text(total.isWhole ? "total" : "total_so_far")}</span><strong data-from-server>${total.text}</strong>
      </p>
    </section>`;
}
