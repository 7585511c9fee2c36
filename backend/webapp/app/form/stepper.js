// A quantity with a button for one more and one for one fewer.

import { Decimal } from "../device/decimals.js";
import { html } from "../html.js";
import { Icon } from "../shell/icon.js";
import { AnyField } from "./fields.js";

const ONE = Decimal.of("1");
const NUMBER = /^\d{1,40}(\.\d{1,40})?$/;

/**
 * @param {{ field: import("../contract/contract.js").Field, path: (string | number)[], value: any,
 *   form: import("./use_form.js").Form, texts: { more: string, fewer: string } }} properties
 */
export function Stepper({ field, path, value, form, texts }) {
  const number = NUMBER.test(String(value ?? "")) ? Decimal.of(String(value)) : null;
  const isLeast = number === null || number.compare(ONE) <= 0;
  const more = () => form.change(path, (number ?? Decimal.of("0")).plus(ONE).toString());
  const fewer = () => number && form.change(path, number.minus(ONE).toString());
  return html`
    <div class="stepper">
      <button type="button" class="secondary" aria-label=${texts.fewer} disabled=${isLeast} onClick=${fewer}>
        <${Icon} name="remove" />
      </button>
      <${AnyField} field=${field} path=${path} value=${value} form=${form} />
      <button type="button" class="secondary" aria-label=${texts.more} onClick=${more}><${Icon} name="add" /></button>
    </div>`;
}
