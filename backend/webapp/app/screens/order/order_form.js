// Captures an order: the customer, lines with what helps to decide about them, and the total as the server computes it.

import { reasonText } from "../../contract/reasons.js";
import { FieldsOf } from "../../form/fields.js";
import { FormLayout } from "../../form/form_layout.js";
import { fieldPlace } from "../../form/places.js";
import { bodyTotal } from "../../form/totals.js";
import { useForm } from "../../form/use_form.js";
import { html } from "../../html.js";
import { useStored } from "../../shell/device.js";
import { address, navigate } from "../../shell/router.js";
import { boughtBefore } from "./bought_before.js";
import { OrderLine } from "./order_line.js";
import { ProductSearch } from "./product_search.js";
import { text } from "./texts.js";

/** @typedef {import("../../form/use_form.js").Form} Form */

const FIRST = ["customer_id"];
const DELIVERY = ["ship_to_id", "requested_date", "customer_reference", "notes"];
const NOTHING = new Map();

/** @param {{ id: string, draft: any, kind: import("../../contract/contract.js").Kind }} properties */
export function OrderForm({ id, draft, kind }) {
  const form = useForm(id, draft, kind);
  const customer = form.body.customer_id ?? null;
  const bought = useStored(() => boughtBefore(customer), [customer]).value ?? NOTHING;
  return html`
    <${FormLayout} form=${form} onSaved=${(/** @type {string} */ saved) => navigate(address("confirmation", saved), { replace: true })}>
      <${FieldsOf} form=${form} names=${FIRST} />
      ${customer ? html`<${Lines} form=${form} bought=${bought} />` : html`<p>${text("choose_customer")}</p>`}
      <${FieldsOf} form=${form} names=${DELIVERY} />
      <details>
        <summary>${text("more_fields")}</summary>
        <${FieldsOf} form=${form} without=${[...FIRST, ...DELIVERY, "lines"]} />
      </details>
      <${Warnings} form=${form} />
      <${Total} form=${form} />
    <//>`;
}

/** @param {{ form: Form, bought: Map<string, import("./bought_before.js").Bought> }} properties */
function Lines({ form, bought }) {
  const lines = /** @type {Record<string, any>[]} */ (form.body.lines ?? []);
  return html`
    <section id="field-lines">
      <h2>${text("lines")}</h2>
      ${lines.length === 0 && html`<p>${text("no_lines")}</p>`}
      ${lines.map((line, n) => html`<${OrderLine} key=${line.line_no} form=${form} n=${n} bought=${bought.get(line.product_id)} />`)}
      <${ProductSearch} form=${form} bought=${bought} />
    </section>`;
}

/** @param {{ form: Form }} properties What the office will ask about; it prevents nothing. */
function Warnings({ form: { kind, warnings } }) {
  if (warnings.length === 0) return null;
  return html`
    <aside class="warnings">
      <p>${text("warnings")}</p>
      <ul>
        ${warnings.map(
          (each) => html`<li key=${each.field + each.reason} data-from-server>
            <strong>${fieldPlace(kind.fields, each.field)}</strong>: ${reasonText(each.reason, each.parameters ?? {}, each.message)}
          </li>`,
        )}
      </ul>
    </aside>`;
}

/** @param {{ form: Form }} properties */
function Total({ form: { body } }) {
  if (!body.lines?.length) return null;
  const total = bodyTotal(body);
  return html`
    <p class="item total" role="status">
      <span>${text(total.isWhole ? "total" : "total_so_far")}</span><strong data-from-server>${total.text}</strong>
    </p>`;
}
