// One document: its state, why, what was captured, and what may still be done about it.

import { useSignal } from "@preact/signals";
import { kindOf } from "../contract/contract.js";
import { reasonText, stageSentence, stageText, stateOf } from "../contract/reasons.js";
import { startDraft } from "../form/draft.js";
import { fieldPlace } from "../form/places.js";
import { html } from "../html.js";
import { device, useStored } from "../shell/device.js";
import { Empty, Layout } from "../shell/layout.js";
import { address, navigate } from "../shell/router.js";
import { showToast } from "../shell/toasts.js";
import { t } from "../texts/text.js";
import { instantText } from "../texts/time.js";
import { documentName } from "./outbox.js";
import { Fields } from "./record.js";

/** @typedef {import("../shell/device.js").StoredDocument} StoredDocument */

const BACK = address("outbox");

/** @param {{ names: string[] }} properties */
export function DocumentPage({ names: [id = ""] }) {
  const { value: all } = useStored(() => device.call.documents(), [id]);
  if (!all) return html`<${Layout} title=${t("loading")} back=${BACK} />`;
  const document = all.find((each) => each.id === id);
  if (!document)
    return html`<${Layout} title=${t("not_found.title")} back=${BACK}><${Empty} text=${t("document.gone")} /><//>`;
  const kind = kindOf(document.kind);
  return html`
    <${Layout} title=${documentName(document)} back=${BACK} isData>
      <${State} document=${document} />
      <${Faults} document=${document} />
      <${Choices} document=${document} />
      ${kind && html`<${Fields} fields=${kind.fields} record=${document.body} />`}
      <p><small>${t("document.captured", { when: instantText(document.captured_at) })}</small></p>
      <p><small><code>${document.id}</code></small></p>
    <//>`;
}

/** @param {{ document: StoredDocument }} properties */
function State({ document }) {
  return html`
    <section role="status">
      <p class=${document.needsRep ? "fault" : ""}><strong>${stageText(document.stage)}</strong></p>
      <p>${stageSentence(document.stage)}</p>
      ${document.erpNumber && html`<p>${t("document.number", { number: document.erpNumber })}</p>`}
      ${
        document.reason &&
        html`<p data-from-server>${reasonText(document.reasonCode, document.parameters, document.reason)}</p>`
      }
      ${document.missing.length > 0 && html`<p>${t("document.photos", { count: document.missing.length })}</p>`}
    </section>`;
}

/** @param {{ document: StoredDocument }} properties Every fault with a way to the field. */
function Faults({ document }) {
  const faults = [...document.errors, ...document.warnings];
  if (faults.length === 0) return null;
  const kind = kindOf(document.kind);
  return html`
    <ul class="faults">
      ${faults.map(
        (/** @type {any} */ each) => html`
          <li key=${each.field + each.code} data-from-server>
            <strong>${fieldPlace(kind?.fields ?? [], each.field)}</strong>: ${reasonText(each.reason, each.parameters ?? {}, each.message)}
          </li>`,
      )}
    </ul>`;
}

/** @param {{ document: StoredDocument }} properties */
function Choices({ document }) {
  const asking = useSignal(/** @type {"withdraw" | "change" | null} */ (null));
  const kind = kindOf(document.kind);
  const state = stateOf(document.stage);
  const isCorrectable = document.needsRep || document.stage === "on_device" || Boolean(state?.replaceable);
  const isWithdrawable = Boolean(state?.replaceable) && document.stage !== "rejected";
  const isChangeable =
    ["accepted", "handed_over", "on_hold"].includes(document.stage) && kind?.destination === "erp";
  const isDismissable = document.needsRep || (document.stage === "on_device" && document.attempts === 0);
  const dismiss = async () => {
    await attempt(() => device.call.dismiss(document.id));
    showToast(t("document.dismissed"), () => device.call.retryPush(document.id));
  };
  const correct = () =>
    attempt(async () => {
      const { body } = await device.call.editableBody(document.id);
      navigate(address("form", await startDraft(document.kind, body, document.id)));
    });
  return html`
    <div class="buttons">
      ${isCorrectable && kind?.destination === "erp" && html`<button type="button" onClick=${correct}>${t("document.correct")}</button>`}
      ${
        isWithdrawable &&
        html`<button type="button" class="secondary" onClick=${() => {
          asking.value = "withdraw";
        }}>${t("document.withdraw")}</button>`
      }
      ${
        isChangeable &&
        html`<button type="button" class="secondary" onClick=${() => {
          asking.value = "change";
        }}>${t("document.request_change")}</button>`
      }
      ${isDismissable && html`<button type="button" class="secondary" onClick=${dismiss}>${t("document.dismiss")}</button>`}
    </div>
    ${
      asking.value &&
      html`<${Ask} document=${document} about=${asking.value} onDone=${() => {
        asking.value = null;
      }} />`
    }`;
}

/**
 * @param {{ document: StoredDocument, about: "withdraw" | "change", onDone: () => void }} properties
 */
function Ask({ document, about, onDone }) {
  const message = useSignal("");
  const title = documentName(document);
  const send = (/** @type {Event} */ event) => {
    event.preventDefault();
    const text = message.value.trim();
    return attempt(async () => {
      if (about === "withdraw") await device.call.withdraw({ id: document.id, reason: text || null, title });
      else await device.call.requestChange({ id: document.id, action: "change", message: text, title });
      onDone();
      showToast(t("form.saved"));
    });
  };
  return html`
    <form onSubmit=${send}>
      <label>
        ${t(about === "withdraw" ? "document.withdraw_why" : "document.change_what")}
        <textarea value=${message.value} maxlength="500" required=${about === "change"}
          onInput=${(/** @type {any} */ event) => {
            message.value = event.target.value;
          }}></textarea>
      </label>
      <button type="submit">${t("send")}</button>
    </form>`;
}

/** @param {() => Promise<void>} action Run it; show the reason if it is not possible. */
async function attempt(action) {
  try {
    await action();
  } catch (error) {
    showToast(error instanceof Error ? error.message : String(error));
  }
}
