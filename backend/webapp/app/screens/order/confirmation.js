// What was captured, to show, print or share. It is no order yet, and says so.

import { kindOf, words } from "../../contract/contract.js";
import { documentName } from "../../contract/document_name.js";
import { nameOf } from "../../contract/names.js";
import { decimalText, moneyText, quantityText, valueText } from "../../contract/values.js";
import { bodyTotal, lineTotalText } from "../../form/totals.js";
import { html } from "../../html.js";
import { device, stored, useStored } from "../../shell/device.js";
import { logError } from "../../shell/error_log.js";
import { Empty, Layout } from "../../shell/layout.js";
import { address } from "../../shell/router.js";
import { showToast } from "../../shell/toasts.js";
import { t } from "../../texts/text.js";
import { instantText } from "../../texts/time.js";
import { text } from "./texts.js";

/** @typedef {import("../../shell/device.js").StoredDocument} StoredDocument */

const HEADER = ["customer_reference", "order_date", "requested_date", "warehouse_id", "notes"];

/** @param {{ names: string[] }} properties */
export function Confirmation({ names: [id = ""] }) {
  const back = address("document", id);
  const { value: all } = useStored(() => device.call.documents(), [id]);
  const document = all?.find((each) => each.id === id);
  const { value: customer } = useStored(
    async () => (document ? device.call.record("customers", String(document.body.customer_id)) : null),
    [document?.body.customer_id],
  );
  if (!all) return html`<${Layout} title=${t("loading")} back=${back} />`;
  if (!document)
    return html`<${Layout} title=${t("not_found.title")} back=${back}><${Empty} text=${t("document.gone")} /><//>`;
  const isConfirmed = document.stage === "accepted";
  return html`
    <${Layout} title=${documentName(document)} back=${back} isData>
      <article class="paper">
        <p data-from-server>${stored.value?.rep?.company ?? ""}</p>
        <h2>${words(kindOf(document.kind)?.label)}</h2>
        ${!isConfirmed && html`<p class="warning"><strong>${text("captured")}</strong></p><p>${text("captured_what")}</p>`}
        <dl class="figures">
          <div><dt>${text("number")}</dt><dd data-from-server>${document.erpNumber ?? text("no_number")}</dd></div>
          <div><dt>${text("rep")}</dt><dd data-from-server>${stored.value?.rep?.name ?? ""}</dd></div>
          ${headerOf(document).map(({ label, value }) => html`<div key=${label}><dt>${label}</dt><dd data-from-server>${value}</dd></div>`)}
        </dl>
        <p class="multiline" data-from-server>${addressOf(document, customer ?? {})}</p>
        <ol>
          ${document.body.lines?.map(
            (/** @type {Record<string, any>} */ line) => html`
              <li key=${line.line_no} data-from-server>
                <strong>${nameOf("products", line.product_id)}</strong>
                <span class="item"><span>${lineText(line, document.body.currency)}</span><span>${lineTotalText(line, document.body.currency)}</span></span>
                ${line.notes && html`<small class="detail">${line.notes}</small>`}
              </li>`,
          )}
        </ol>
        <p class="item total"><span>${text("total")}</span><strong data-from-server>${bodyTotal(document.body).text}</strong></p>
        <p><small>${instantText(document.captured_at)} · <code>${document.id}</code></small></p>
      </article>
      <div class="buttons no-print">
        <button type="button" onClick=${() => share(document, customer ?? {})}>${text("share")}</button>
        <button type="button" class="secondary" onClick=${() => print()}>${text("print")}</button>
        <a role="button" class="secondary outline" href=${address("outbox")}>${text("to_outbox")}</a>
      </div>
    <//>`;
}

/** @param {StoredDocument} document */
function headerOf({ kind, body }) {
  const fields = kindOf(kind)?.fields ?? [];
  return HEADER.flatMap((name) => {
    const field = fields.find((each) => each.name === name);
    const value = field ? valueText(field, body[name], body) : "";
    return field && value ? [{ label: words(field.label), value }] : [];
  });
}

/**
 * Return the name and the delivery address of the customer in lines.
 *
 * @param {StoredDocument} document
 * @param {Record<string, any>} customer
 */
function addressOf({ body }, customer) {
  const all = /** @type {Record<string, any>[]} */ (customer.addresses ?? []);
  const to = all.find((each) => each.id === body.ship_to_id) ?? all[0];
  const place = to
    ? [...(to.lines ?? []), [to.postal_code, to.city].filter(Boolean).join(" "), to.country]
    : [];
  return [customer.name ?? body.customer_id, ...place].filter(Boolean).join("\n");
}

/**
 * @param {Record<string, any>} line
 * @param {string} currency
 */
function lineText({ quantity, unit, unit_price, discount_percent }, currency) {
  const price = `${quantityText(quantity, unit)} × ${moneyText(unit_price, currency)}`;
  const isReduced = Number(discount_percent ?? 0) > 0;
  return isReduced ? `${price}, ${text("discount", { percent: decimalText(discount_percent) })}` : price;
}

/**
 * @param {StoredDocument} document
 * @param {Record<string, any>} customer
 */
async function share(document, customer) {
  const { body } = document;
  const content = [
    `${words(kindOf(document.kind)?.label)} · ${text("captured")}`,
    addressOf(document, customer),
    ...headerOf(document).map(({ label, value }) => `${label}: ${value}`),
    ...(body.lines ?? []).map(
      (/** @type {Record<string, any>} */ line) =>
        `${nameOf("products", line.product_id)}: ${lineText(line, body.currency)} = ${lineTotalText(line, body.currency)}`,
    ),
    `${text("total")}: ${bodyTotal(body).text}`,
    text("captured_what"),
  ].join("\n");
  try {
    if (navigator.share) await navigator.share({ title: documentName(document), text: content });
    else {
      await navigator.clipboard.writeText(content);
      showToast(text("copied"));
    }
  } catch (error) {
    // The person closed the list of apps.
    if (error instanceof DOMException && error.name === "AbortError") return;
    logError(error);
    showToast(text("not_shared"));
  }
}
