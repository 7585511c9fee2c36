// The stock of a product by warehouse, what is on its way, and how old these figures are.

import { nameOf } from "../../contract/names.js";
import { quantityText } from "../../contract/values.js";
import { html } from "../../html.js";
import { device, useStored } from "../../shell/device.js";
import { now } from "../../shell/status.js";
import { ageText, dateText } from "../../texts/time.js";
import { text } from "./texts.js";

/** @param {{ productKey: string }} properties */
export function Stock({ productKey }) {
  const { value: levels } = useStored(() => device.call.children("stock_levels", productKey), [productKey]);
  if (!levels) return null;
  return html`
    <section>
      <h2>${text("stock")}</h2>
      ${levels.length === 0 && html`<p>${text("stock_none")}</p>`}
      ${levels.map((level) => html`<${Level} key=${level.id} level=${level} />`)}
    </section>`;
}

/** @param {{ level: Record<string, any> }} properties */
function Level({ level }) {
  const quantity = (/** @type {string} */ value) => quantityText(value, level.unit);
  return html`
    <h3 data-from-server>${nameOf("warehouses", level.warehouse_id)}</h3>
    <dl class="figures">
      <div><dt>${text("available")}</dt><dd data-from-server>${quantity(level.available)}</dd></div>
      <div><dt>${text("on_hand")}</dt><dd data-from-server>${quantity(level.on_hand)}</dd></div>
      <div><dt>${text("reserved")}</dt><dd data-from-server>${quantity(level.reserved)}</dd></div>
      ${level.incoming.map(
        (/** @type {Record<string, any>} */ each) => html`
          <div key=${each.date + each.quantity}><dt>${text("incoming")}</dt><dd data-from-server>
            ${text("incoming_on", { quantity: quantity(each.quantity), date: dateText(each.date) })}
          </dd></div>`,
      )}
    </dl>
    <p><small>${text("as_of", { age: ageText(Date.parse(level.as_of), now.value) })}</small></p>`;
}
