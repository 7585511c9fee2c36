// The orders of a customer, each with its execution as a timeline: ordered, approved, delivered, invoiced.

import { useSignal } from "@preact/signals";
import { collectionOf, words } from "../../contract/contract.js";
import { nameOf } from "../../contract/names.js";
import { decimalText, moneyText, quantityText, valueText } from "../../contract/values.js";
import { html } from "../../html.js";
import { device, useStored } from "../../shell/device.js";
import { dateText } from "../../texts/time.js";
import { text } from "./texts.js";

/** @typedef {import("../../contract/contract.js").Field} Field */
/** @typedef {{ what: string, number: string, when: string, detail: string, isDone: boolean }} Step */

const SHOWN = 5;

/** @param {{ customerKey: string }} properties */
export function Orders({ customerKey }) {
  const shown = useSignal(SHOWN);
  const { value: orders } = useStored(() => device.call.children("orders", customerKey), [customerKey]);
  if (!orders?.length) return null;
  const newestFirst = [...orders].sort((a, b) =>
    String(b.order_date ?? "").localeCompare(String(a.order_date ?? "")),
  );
  return html`
    <section>
      <h2>${words(collectionOf("orders")?.label) || text("orders")}</h2>
      ${newestFirst.slice(0, shown.value).map((order) => html`<${Order} key=${order.id} order=${order} />`)}
      ${
        orders.length > shown.value &&
        html`<button type="button" class="secondary" onClick=${() => {
          shown.value += SHOWN;
        }}>${text("more")}</button>`
      }
    </section>`;
}

/** @param {{ order: Record<string, any> }} properties */
function Order({ order }) {
  const axes = collectionOf("orders")?.fields.find((each) => each.name === "axes");
  return html`
    <details class="order">
      <summary>
        <strong data-from-server>${order.number ?? order.id}</strong>${" "}
        <span data-from-server>${order.order_date ? dateText(order.order_date) : ""} · ${moneyText(order.gross, order.currency)}</span>
        <small class="detail">${axes ? valueText(axes, order.axes, order) : ""}</small>
      </summary>
      <ol class="timeline">
        ${steps(order).map(
          (step, n) => html`
            <li key=${n} data-done=${step.isDone ? "" : undefined}>
              <strong>${step.what}</strong> <span data-from-server>${step.number}</span> <span>${step.when}</span>
              ${step.detail && html`<small class="detail" data-from-server>${step.detail}</small>`}
            </li>`,
        )}
      </ol>
      <ul>
        ${order.lines.map(
          (/** @type {Record<string, any>} */ line) => html`
            <li key=${line.line_no}>
              <span data-from-server>${line.product_id ? nameOf("products", line.product_id) : (line.description ?? "")}</span>
              <small class="detail" data-from-server>${text("delivered", { done: decimalText(line.delivered), all: quantityText(line.ordered, line.unit) })}</small>
            </li>`,
        )}
      </ul>
    </details>`;
}

/**
 * Return what has happened to *order*, and what is planned, in the order of its execution.
 *
 * @param {Record<string, any>} order
 * @returns {Step[]}
 */
function steps(order) {
  const all = [step(text("step_ordered"), order.order_date, "", true)];
  if (order.requested_date) all.push(step(text("step_requested"), order.requested_date, "", false));
  if (order.axes.approval !== "none") {
    const isDone = order.axes.approval === "approved";
    all.push(step(text("step_approval"), null, choice(["axes", "approval"], order.axes.approval), isDone));
  }
  for (const each of order.deliveries) {
    const isDone = each.status === "done" || each.status === "shipped";
    const tracking = each.tracking ? text("tracking", { number: each.tracking }) : "";
    const state = choice(["deliveries", "status"], each.status);
    const detail = [state, tracking].filter(Boolean).join(" · ");
    const what = text("step_delivery");
    const planned = each.date_planned ? text("planned", { date: dateText(each.date_planned) }) : "";
    const reached = step(what, each.date_done, detail, isDone);
    all.push({ ...reached, number: each.number ?? "", when: reached.when || planned });
  }
  for (const each of order.invoices) {
    const what = text(each.credit_note ? "step_credit_note" : "step_invoice");
    const open =
      each.status === "paid"
        ? ""
        : text("open_invoice", { amount: moneyText(each.open_amount, order.currency) });
    const state = choice(["invoices", "status"], each.status);
    const detail = [state, open].filter(Boolean).join(" · ");
    all.push({ ...step(what, each.date, detail, each.status === "paid"), number: each.number ?? "" });
  }
  return all;
}

/**
 * @param {string} what
 * @param {string | null} date
 * @param {string} detail
 * @param {boolean} isDone
 * @returns {Step}
 */
function step(what, date, detail, isDone) {
  return { what, number: "", when: date ? dateText(date) : "", detail, isDone };
}

/** @param {[string, string]} path @param {string} value Return the words for a choice of a nested field of orders. */
function choice([outer, inner], value) {
  const field = collectionOf("orders")?.fields.find((each) => each.name === outer);
  const fields = field?.fields ?? field?.item?.fields ?? [];
  const own = /** @type {Field | undefined} */ (fields.find((each) => each.name === inner));
  return own ? valueText(own, value, {}) : value;
}
