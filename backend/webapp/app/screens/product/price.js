// The price of a product for a customer, a unit and a quantity, and the steps of the customer's price list.

import { useSignal } from "@preact/signals";
import { nameOf } from "../../contract/names.js";
import { moneyText, quantityText } from "../../contract/values.js";
import { isValid } from "../../device/capture/pricing.js";
import { Decimal } from "../../device/decimals.js";
import { decimal } from "../../form/cleaning.js";
import { priceOf } from "../../form/price.js";
import { RecordPicker } from "../../form/record_picker.js";
import { html } from "../../html.js";
import { device, useStored } from "../../shell/device.js";
import { text } from "./texts.js";

/** The customer that was chosen last, for the next product. */
const customer = { key: /** @type {string | null} */ (null) };

/** @param {{ product: Record<string, any> }} properties */
export function PriceFor({ product }) {
  const chosen = useSignal(customer.key);
  const quantity = useSignal("1");
  const unit = useSignal(String(product.units?.[0]?.unit ?? product.base_unit));
  const { value: found } = useStored(
    () => priceFor(product, { key: chosen.value, unit: unit.value, quantity: decimal(quantity.value.trim()) }),
    [product.id, chosen.value, unit.value, quantity.value],
  );
  const choose = (/** @type {string | null} */ key) => {
    chosen.value = key;
    customer.key = key;
  };
  return html`
    <section>
      <h2>${text("price_for")}</h2>
      <label for="price-customer">${text("customer")}</label>
      <${RecordPicker} common=${{ id: "price-customer" }} collectionName="customers" value=${chosen.value} onChoose=${choose} />
      <div class="beside">
        <label>${text("quantity")}
          <input inputmode="decimal" value=${quantity.value} autocomplete="off"
            onInput=${(/** @type {any} */ event) => {
              quantity.value = event.target.value;
            }} />
        </label>
        <label>${text("unit")}
          <select value=${unit.value} data-from-server onChange=${(/** @type {any} */ event) => {
            unit.value = event.target.value;
          }}>
            ${(product.units ?? []).map((/** @type {Record<string, any>} */ each) => html`<option key=${each.unit} value=${each.unit}>${nameOf("units", each.unit)}</option>`)}
          </select>
        </label>
      </div>
      ${
        found?.list &&
        html`
          <p class="item total" role="status">
            <span>${text("price")}</span>
            <strong data-from-server>${found.amount === null ? "" : moneyText(found.amount, found.currency)}</strong>
          </p>
          ${found.amount === null && html`<p class="warning">${text("no_price")}</p>`}
          <${Steps} rows=${found.rows} />`
      }
    </section>`;
}

/** @param {{ rows: Record<string, any>[] }} properties */
function Steps({ rows }) {
  if (rows.length < 2) return null;
  return html`
    <h3>${text("steps")}</h3>
    <ul>
      ${rows.map(
        (each) => html`<li key=${each.id} class="item" data-from-server>
          <span>${text("from", { quantity: quantityText(each.min_quantity, each.unit) })}</span>
          <span>${moneyText(each.amount, each.currency)}</span>
        </li>`,
      )}
    </ul>`;
}

/**
 * @param {Record<string, any>} product
 * @param {{ key: string | null, unit: string, quantity: string }} wanted
 */
async function priceFor(product, { key, unit, quantity }) {
  const [chosen, lists, today] = await Promise.all([
    key ? device.call.record("customers", key) : null,
    device.call.records("price_lists", { limit: 2 }),
    device.call.today(),
  ]);
  const only = lists.length === 1 ? lists[0] : null;
  const list = chosen?.price_list_id ?? (chosen && only?.id) ?? null;
  const listed = list ? await device.call.record("price_lists", list) : null;
  const currency = chosen?.currency ?? listed?.currency ?? "";
  const body = { price_list_id: list, currency, order_date: today };
  const rows = (await device.call.children("prices", product.id)).filter(
    (each) => each.price_list_id === list && each.unit === unit && isValid(each, today),
  );
  rows.sort((a, b) => Decimal.of(a.min_quantity).compare(Decimal.of(b.min_quantity)));
  return { list, currency, rows, amount: await priceOf(body, { product_id: product.id, unit, quantity }) };
}
