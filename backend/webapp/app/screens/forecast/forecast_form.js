// Captures forecasts as a grid of products by month. Beside each quantity: last year's orders, open orders, and the
// revision before. Each month that changes becomes a document with the next revision.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { documentName } from "../../contract/document_name.js";
import { FieldsOf } from "../../form/fields.js";
import { FormLayout } from "../../form/form_layout.js";
import { RecordPicker } from "../../form/record_picker.js";
import { revisionsOf } from "../../form/revisions.js";
import { useForm } from "../../form/use_form.js";
import { html } from "../../html.js";
import { device, useStored } from "../../shell/device.js";
import { address, navigate } from "../../shell/router.js";
import { showToast } from "../../shell/toasts.js";
import { t } from "../../texts/text.js";
import { gridOf, quantities, statements } from "./grid.js";
import { addMonths } from "./months.js";
import { orderedQuantities } from "./ordered.js";
import { readRows, rowKeys } from "./rows.js";
import { GridTable } from "./table.js";
import { text } from "./texts.js";

/** @typedef {import("../../form/use_form.js").Form} Form */

const MONTHS_SHOWN = 3;
const HEADER = ["warehouse_id", "customer_id"];
const OWN = [...HEADER, "period", "revision", "lines"];
/** Only what is about lines belongs to a cell; the rest is about the whole document. */
const LINE = /^lines\[(\d+)\]/;

/** @param {{ id: string, draft: any, kind: import("../../contract/contract.js").Kind }} properties */
export function ForecastForm({ id, draft, kind }) {
  const form = useForm(id, draft, kind);
  const [, ahead = 0, horizon = 0] = kind.checks?.find((each) => each.check[0] === "months")?.check ?? [];
  const { body } = form;
  const first = useSignal(body.period);
  const faults = useSignal(/** @type {any[]} */ ([]));
  const { value: revisions } = useStored(() => revisionsOf(kind.name), []);
  const orders = useSignal(
    /** @type {{ thisMonth: string, ordered: import("./ordered.js").Ordered } | null} */ (null),
  );
  useEffect(() => {
    // Once, not after each change: all orders of the territory are read.
    void device.call.today().then(async (today) => {
      const thisMonth = today.slice(0, 7);
      orders.value = { thisMonth, ordered: await orderedQuantities(body.customer_id ?? null, thisMonth) };
    });
  }, [body.customer_id]);
  const known = revisions && orders.value ? { revisions, ...orders.value } : null;
  const grid = gridOf(body);
  const months = Array.from({ length: MONTHS_SHOWN }, (_, n) => addMonths(first.value, n));
  const keys = known
    ? rowKeys(
        months,
        months.map((month) => quantities(grid, known.revisions, body, month)),
        known.ordered,
        grid,
      )
    : [];
  const { value: rows } = useStored(() => readRows(keys, grid), [keys.join(" ")]);
  const unitOf = (/** @type {string} */ key) => rows?.find((each) => each.key === key)?.unit ?? "";
  const stated = known ? statements(grid, known.revisions, body, { supersedes: form.supersedes, unitOf }) : [];
  useEffect(() => {
    let isCurrent = true;
    void checkAll(kind.name, stated).then((found) => {
      if (isCurrent) faults.value = found;
    });
    return () => {
      isCurrent = false;
    };
  }, [body, revisions, orders.value, rows]);
  const change = (
    /** @type {string} */ month,
    /** @type {string} */ product,
    /** @type {string} */ quantity,
  ) => {
    const latest = gridOf(form.latest());
    const now = quantities(latest, known?.revisions ?? [], body, month);
    form.change(["grid"], {
      months: { ...latest.months, [month]: { ...now, [product]: quantity } },
      units: { [product]: unitOf(product), ...latest.units },
    });
  };
  const addProduct = async (/** @type {string | null} */ product) => {
    const record = product ? await device.call.record("products", product) : null;
    if (!record || !product) return;
    const unit = record.units[0]?.unit ?? record.base_unit;
    const latest = gridOf(form.latest());
    const now = quantities(latest, known?.revisions ?? [], body, first.value);
    form.change(["grid"], {
      months: { ...latest.months, [first.value]: { ...now, [product]: "" } },
      units: { ...latest.units, [product]: unit },
    });
  };
  const save = async () => {
    faults.value = await checkAll(kind.name, stated);
    if (stated.length === 0) showToast(text("nothing"));
    if (stated.length === 0 || faults.value.length > 0) return null;
    let last = "";
    for (const [n, { body: content, supersedes }] of stated.entries()) {
      const isLast = n === stated.length - 1;
      if (isLast) form.end();
      const title = documentName({ kind: kind.name, title: "", body: content });
      last = await device.capture({
        kind: kind.name,
        body: content,
        title,
        supersedes,
        draft: isLast ? id : null,
      });
    }
    showToast(t("form.saved"));
    return last;
  };
  const header = faults.value.filter((each) => !LINE.test(each.field));
  const own = { ...form, save, faults: header };
  const shift = (/** @type {number} */ count) => () => {
    first.value = addMonths(first.value, count);
  };
  const [earliest, latest] = known
    ? [addMonths(known.thisMonth, ahead), addMonths(known.thisMonth, horizon - MONTHS_SHOWN + 1)]
    : [first.value, first.value];
  return html`
    <${FormLayout} form=${own} onSaved=${() => navigate(address("outbox"), { replace: true })}>
      <${FieldsOf} form=${own} names=${HEADER} />
      <p><small>${text("notes")}</small></p>
      ${body.warehouse_id && !rows && html`<p aria-busy="true">${t("loading")}</p>`}
      ${!body.warehouse_id && html`<p>${text("choose")}</p>`}
      ${
        body.warehouse_id &&
        known &&
        rows &&
        html`
          <div class="buttons">
            <button type="button" class="secondary" disabled=${first.value <= earliest} onClick=${shift(-1)}>${text("earlier")}</button>
            <button type="button" class="secondary" disabled=${first.value >= latest} onClick=${shift(1)}>${text("later")}</button>
          </div>
          <${GridTable} body=${body} grid=${grid} months=${months} rows=${rows} known=${known} faults=${cellFaults(faults.value)}
            quantity=${kind.fields.find((each) => each.name === "lines")?.item?.fields?.find((each) => each.name === "quantity")}
            onChange=${change} />
          <label for="forecast-product">${text("add")}</label>
          <${RecordPicker} common=${{ id: "forecast-product" }} collectionName="products" value=${null} onChoose=${addProduct} />`
      }
      <${FieldsOf} form=${own} without=${OWN} />
    <//>`;
}

/**
 * Return the faults of all *stated* documents, each with its month and its product.
 *
 * @param {string} kind
 * @param {import("./grid.js").Statement[]} stated
 */
async function checkAll(kind, stated) {
  const all = stated.map(async ({ period, body }) => {
    const { faults } = await device.call.check(kind, body);
    return faults.map((fault) => {
      const [, line] = LINE.exec(fault.field) ?? [];
      return { ...fault, period, product: line === undefined ? null : body.lines[Number(line)].product_id };
    });
  });
  return (await Promise.all(all)).flat();
}

/** @param {any[]} faults Return them by month and product. */
function cellFaults(faults) {
  return new Map(faults.filter((each) => each.product).map((each) => [`${each.period} ${each.product}`, each]));
}
