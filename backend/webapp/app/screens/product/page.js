// The page of a product: its price for a customer and a quantity, its stock by warehouse, its units, its replacement.

import { nameOf } from "../../contract/names.js";
import { quantityText } from "../../contract/values.js";
import { html } from "../../html.js";
import { address } from "../../shell/router.js";
import { Actions, Children, childrenOf, Fields, RecordFrame } from "../record.js";
import { PriceFor } from "./price.js";
import { Stock } from "./stock.js";
import { text } from "./texts.js";

const OWN_SECTIONS = ["prices", "stock_levels"];

/** @param {{ names: string[] }} properties */
export function ProductPage({ names: [name = "", key = ""] }) {
  return html`<${RecordFrame} name=${name} recordKey=${key} content=${Sections} />`;
}

/** @param {import("../record.js").Shown} properties */
function Sections({ collection, record, recordKey }) {
  return html`
    <p data-from-server>${[record.sku, record.group].filter(Boolean).join(" · ")}</p>
    <${Standing} product=${record} />
    <${Actions} collection=${collection} recordKey=${recordKey} />
    <${PriceFor} product=${record} />
    <${Stock} productKey=${recordKey} />
    <${Units} product=${record} />
    <${Links} title=${text("fits")} keys=${record.fits} />
    ${childrenOf(collection.name)
      .filter((each) => !OWN_SECTIONS.includes(each.name))
      .map((each) => html`<${Children} key=${each.name} collection=${each} parentKey=${recordKey} />`)}
    <details>
      <summary>${text("everything")}</summary>
      <${Fields} fields=${collection.fields} record=${record} />
    </details>`;
}

/** @param {{ product: Record<string, any> }} properties What stands in the way of selling it. */
function Standing({ product }) {
  return html`
    ${!product.active && html`<p class="fault"><strong>${text("not_active")}</strong></p>`}
    ${product.active && !product.sellable && html`<p class="fault"><strong>${text("not_sellable")}</strong></p>`}
    ${product.replaced_by && html`<${Links} title=${text("replaced_by")} keys=${[product.replaced_by]} />`}`;
}

/** @param {{ product: Record<string, any> }} properties */
function Units({ product }) {
  const units = /** @type {Record<string, any>[]} */ (product.units ?? []);
  const others = units.filter((each) => each.unit !== product.base_unit);
  if (others.length === 0) return null;
  return html`
    <section>
      <h2>${text("units")}</h2>
      <ul>
        ${others.map(
          (each) =>
            html`<li key=${each.unit} data-from-server>${nameOf("units", each.unit)} = ${quantityText(each.factor, product.base_unit)}</li>`,
        )}
      </ul>
    </section>`;
}

/** @param {{ title: string, keys: string[] | undefined }} properties */
function Links({ title, keys = [] }) {
  if (keys.length === 0) return null;
  return html`
    <section>
      <h2>${title}</h2>
      <ul class="rows">
        ${keys.map(
          (key) =>
            html`<li key=${key}><a href=${address("record", "products", key)} data-from-server>${nameOf("products", key)}</a></li>`,
        )}
      </ul>
    </section>`;
}
