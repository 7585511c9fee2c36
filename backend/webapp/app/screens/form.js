// The form of a document: one of its own for orders, expense claims and forecasts, else drawn from the contract.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { kindOf } from "../contract/contract.js";
import { showField } from "../form/fault_list.js";
import { FieldsOf } from "../form/fields.js";
import { FormLayout } from "../form/form_layout.js";
import { useForm } from "../form/use_form.js";
import { html } from "../html.js";
import { device } from "../shell/device.js";
import { Empty, Layout } from "../shell/layout.js";
import { address, BASE, navigate } from "../shell/router.js";
import { t } from "../texts/text.js";

/** @typedef {import("../contract/contract.js").Kind} Kind */
/** @typedef {(properties: { id: string, draft: any, kind: Kind }) => any} FormScreen */

/** @type {Record<string, () => Promise<FormScreen>>} By the kind of the document. */
const OWN_FORMS = {
  expense_claim: async () => (await import("./claim/claim_form.js")).ClaimForm,
  forecast: async () => (await import("./forecast/forecast_form.js")).ForecastForm,
  order: async () => (await import("./order/order_form.js")).OrderForm,
};

/** @param {{ names: string[] }} properties The draft, and the path of a field to show. */
export function FormPage({ names: [id = "", field = ""] }) {
  const draft = useSignal(/** @type {any} */ (undefined));
  const screen = useSignal(/** @type {FormScreen | null} */ (null));
  useEffect(() => {
    device.call.draft(id).then(async (read) => {
      const load = OWN_FORMS[read?.kind ?? ""];
      screen.value = load ? await load() : GenericForm;
      draft.value = read;
    });
  }, [id]);
  const kind = draft.value && kindOf(draft.value.kind);
  const isOpen = Boolean(kind && screen.value);
  useEffect(() => {
    if (isOpen && field) requestAnimationFrame(() => showField(field));
  }, [isOpen, field]);
  if (draft.value === null) {
    return html`<${Layout} title=${t("not_found.title")} back=${BASE}><${Empty} text=${t("form.gone")} /><//>`;
  }
  if (!isOpen) return html`<${Layout} title=${t("loading")} back=${BASE} />`;
  return html`<${screen.value} id=${id} draft=${draft.value} kind=${kind} />`;
}

/** @param {{ id: string, draft: any, kind: Kind }} properties */
function GenericForm({ id, draft, kind }) {
  const form = useForm(id, draft, kind);
  return html`
    <${FormLayout} form=${form} onSaved=${() => navigate(address("outbox"), { replace: true })}>
      <${FieldsOf} form=${form} />
    <//>`;
}
