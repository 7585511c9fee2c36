// Finds products for the order: at first what the customer orders most often, then what is typed. A tap adds a line,
// or one more of a line that is there.

import { useSignal } from "@preact/signals";
import { collectionOf } from "../../contract/contract.js";
import { moneyText, quantityText } from "../../contract/values.js";
import { Decimal } from "../../device/decimals.js";
import { addLine } from "../../form/fields.js";
import { priceOf } from "../../form/price.js";
import { html } from "../../html.js";
import { codeText, isGtin, searchedCode, withCode } from "../../scan/codes.js";
import { ScanButton } from "../../scan/scan_button.js";
import { text as scanText } from "../../scan/texts.js";
import { device, useStored } from "../../shell/device.js";
import { Icon } from "../../shell/icon.js";
import { showToast } from "../../shell/toasts.js";
import { t } from "../../texts/text.js";
import { rowTitle } from "../list.js";
import { favourites } from "./bought_before.js";
import { text } from "./texts.js";

const SHOWN = 8;
/** A code may be a part of many others; the product that has exactly this one is looked for among so many. */
const COMPARED = 200;
const NUMBER = /^\d{1,40}(\.\d{1,40})?$/;

/**
 * @param {{ form: import("../../form/use_form.js").Form, bought: Map<string, import("./bought_before.js").Bought> }}
 *   properties
 */
export function ProductSearch({ form, bought }) {
  const query = useSignal("");
  const problem = useSignal("");
  const { body } = form;
  const { value: found } = useStored(async () => {
    const known = favourites(bought, SHOWN);
    const records = query.value.trim()
      ? await device.call.search("products", query.value, SHOWN)
      : await Promise.all(known.map((key) => device.call.record("products", key)));
    return Promise.all(records.filter((each) => each?.active !== false).map((each) => facts(body, each ?? {})));
  }, [query.value, body.price_list_id, body.currency, bought]);
  const choose = (/** @type {Record<string, any>} */ product) => {
    const lines = /** @type {Record<string, any>[]} */ (form.latest().lines ?? []);
    const n = lines.findIndex((each) => each.product_id === product.id);
    const quantity = String(lines[n]?.quantity ?? "");
    if (n < 0) void addLine(form, ["lines"], { product_id: product.id, quantity: "1" });
    else if (NUMBER.test(quantity)) {
      form.change(["lines", n, "quantity"], Decimal.of(quantity).plus(Decimal.of("1")).toString());
    }
  };
  const enter = async (/** @type {string} */ typed) => {
    const code = codeText(typed);
    query.value = searchedCode(code);
    problem.value = "";
    const result = await productOf(code);
    // The person may have typed on.
    if (query.value !== searchedCode(code)) return;
    if (typeof result === "string") {
      problem.value = result;
      return;
    }
    if (!result) return;
    choose(result);
    query.value = "";
    showToast(text("added", { name: nameOf(result) }));
  };
  const collection = collectionOf("products");
  return html`
    <section class="product-search">
      <h2>${text("add")}</h2>
      <input type="search" value=${query.value} placeholder=${t("search")} aria-label=${text("add")} autocomplete="off"
        onInput=${(/** @type {any} */ event) => {
          query.value = event.target.value;
          problem.value = "";
        }}
        onKeyDown=${(/** @type {KeyboardEvent} */ event) => {
          if (event.key !== "Enter") return;
          event.preventDefault();
          void enter(query.value);
        }} />
      <${ScanButton} label=${t("scan.barcode")} onCode=${enter} />
      <p class="fault" role="alert" data-from-server>${problem.value}</p>
      ${!query.value && found && found.length > 0 && html`<p><small>${text("bought_before")}</small></p>`}
      <ul class="rows">
        ${found?.map(
          ({ product, price, stock }) => html`
            <li key=${product.id}>
              <button type="button" class="row" onClick=${() => choose(product)}>
                <strong data-from-server>${collection && rowTitle(collection, product)}</strong>
                <small data-from-server>${[product.sku, price, stock].filter(Boolean).join(" · ")}</small>
                <${Icon} name="add" />
              </button>
            </li>`,
        )}
      </ul>
      ${query.value && found?.length === 0 && html`<p>${t("search.nothing")}</p>`}
    </section>`;
}

/**
 * Return the product that a scanner or a person means with *code*, or why there is none in words; null if only the
 * list of what was found helps. What has the form of a barcode must be equal: a part of it may be another product's.
 *
 * @param {string} code
 * @returns {Promise<Record<string, any> | string | null>}
 */
async function productOf(code) {
  if (!code) return null;
  const found = await device.call.search("products", searchedCode(code), COMPARED);
  const exact = withCode(found, code);
  if (exact.length > 1) return scanText("ambiguous", { code });
  const product = exact[0] ?? (found.length === 1 && !isGtin(code) ? found[0] : null);
  if (product?.active === false) return scanText("inactive", { name: nameOf(product) });
  if (!product && (isGtin(code) || found.length === 0)) return scanText("unknown", { code });
  return product ?? null;
}

/** @param {Record<string, any>} product */
function nameOf(product) {
  const collection = collectionOf("products");
  return collection ? rowTitle(collection, product) : String(product.id);
}

/**
 * Return a product with its price for this order, and what is available of it.
 *
 * @param {Record<string, any>} body
 * @param {Record<string, any>} product
 */
async function facts(body, product) {
  const unit = product.units?.[0]?.unit;
  const amount = await priceOf(body, { product_id: product.id, unit, quantity: "1" });
  const levels = await device.call.children("stock_levels", product.id);
  const level = levels.find((each) => !body.warehouse_id || each.warehouse_id === body.warehouse_id);
  return {
    product,
    price: amount === null ? "" : moneyText(amount, body.currency),
    stock: level ? quantityText(level.available, level.unit) : "",
  };
}
