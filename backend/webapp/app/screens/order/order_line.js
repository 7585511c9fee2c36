// One line of an order: product, quantity with a stepper, unit, price and discount, and beside them what helps to
// decide: the list price, the last order, the stock with its age.

import { nameOf } from "../../contract/names.js";
import { moneyText, quantityText } from "../../contract/values.js";
import { AnyField, FieldsOf, removeLine } from "../../form/fields.js";
import { Notes } from "../../form/inputs.js";
import { priceOf } from "../../form/price.js";
import { Stepper } from "../../form/stepper.js";
import { lineTotalText } from "../../form/totals.js";
import { html } from "../../html.js";
import { device, useStored } from "../../shell/device.js";
import { address } from "../../shell/router.js";
import { now } from "../../shell/status.js";
import { ageText, dateText } from "../../texts/time.js";
import { text } from "./texts.js";

const OWN = ["product_id", "quantity", "unit", "unit_price", "discount_percent"];

/**
 * @param {{ form: import("../../form/use_form.js").Form, n: number,
 *   bought: import("./bought_before.js").Bought | undefined }} properties
 */
export function OrderLine({ form, n, bought }) {
  const path = ["lines", n];
  const line = form.body.lines[n];
  const fields = form.kind.fields.find((each) => each.name === "lines")?.item?.fields ?? [];
  const quantity = fields.find((each) => each.name === "quantity");
  const product = fields.find((each) => each.name === "product_id");
  const name = line.product_id ? nameOf("products", line.product_id) : "";
  return html`
    <fieldset class="line" id=${`field-lines[${n}]`}>
      <legend data-from-server>
        ${line.product_id ? html`<a href=${address("record", "products", line.product_id)}>${name}</a>` : n + 1}
      </legend>
      ${
        line.product_id
          ? html`<div id=${`field-lines[${n}].product_id`}><${Notes} path=${`lines[${n}].product_id`} form=${form} /></div>`
          : product &&
            html`<${AnyField} field=${product} path=${[...path, "product_id"]} value=${null} form=${form} />`
      }
      <div class="beside">
        ${quantity && html`<${Stepper} field=${quantity} path=${[...path, "quantity"]} value=${line.quantity} form=${form} texts=${{ more: text("more"), fewer: text("fewer") }} />`}
        <${FieldsOf} form=${form} path=${path} names=${["unit"]} />
      </div>
      <div class="beside"><${FieldsOf} form=${form} path=${path} names=${["unit_price", "discount_percent"]} /></div>
      <${Facts} form=${form} line=${line} bought=${bought} />
      <p class="item"><span>${text("line_total")}</span><strong data-from-server>${lineTotalText(line, form.body.currency)}</strong></p>
      <details>
        <summary>${text("details")}</summary>
        <${FieldsOf} form=${form} path=${path} without=${OWN} />
      </details>
      <button type="button" class="secondary outline" onClick=${() => removeLine(form, ["lines"], n)}>
        ${text("remove", { product: "" })}<span data-from-server>${name}</span>
      </button>
    </fieldset>`;
}

/**
 * @param {{ form: import("../../form/use_form.js").Form, line: Record<string, any>,
 *   bought: import("./bought_before.js").Bought | undefined }} properties
 */
function Facts({ form, line, bought }) {
  const { price_list_id, currency, order_date } = form.body;
  const { value } = useStored(
    async () => ({
      listed: await priceOf(form.body, line),
      stock: line.product_id ? await device.call.children("stock_levels", line.product_id) : [],
    }),
    [line.product_id, line.unit, line.quantity, price_list_id, currency, order_date],
  );
  const isOwnPrice = value?.listed && value.listed !== line.unit_price;
  return html`
    ${isOwnPrice && html`<small class="detail">${text("list_price", { price: moneyText(value.listed, currency) })}</small>`}
    ${
      bought &&
      html`<small class="detail" data-from-server>${text("last_ordered", {
        date: dateText(bought.date),
        quantity: quantityText(bought.quantity, bought.unit),
        price: moneyText(bought.price, bought.currency),
      })}</small>`
    }
    ${value?.stock.length === 0 && html`<small class="detail">${text("stock_none")}</small>`}
    ${value?.stock.map(
      (level) => html`<small class="detail" key=${level.id} data-from-server>${stockText(level)}</small>`,
    )}`;
}

/** @param {Record<string, any>} level Where, how much, what comes next, and how old this is. */
function stockText(level) {
  const [next] = level.incoming;
  return [
    nameOf("warehouses", level.warehouse_id),
    quantityText(level.available, level.unit),
    next && text("incoming", { quantity: quantityText(next.quantity, level.unit), date: dateText(next.date) }),
    ageText(Date.parse(level.as_of), now.value),
  ]
    .filter(Boolean)
    .join(" · ");
}
