// What may still be done about a document: correct it, withdraw it, request a change, not send it. Each can be undone
// as long as nothing has left the phone.

import { useSignal } from "@preact/signals";
import { kindOf } from "../../contract/contract.js";
import { documentName } from "../../contract/document_name.js";
import { reasonText, stateOf } from "../../contract/reasons.js";
import { clean } from "../../form/cleaning.js";
import { startDraft } from "../../form/draft.js";
import { html } from "../../html.js";
import { problemText } from "../../problems/texts.js";
import { device } from "../../shell/device.js";
import { logError } from "../../shell/error_log.js";
import { address, navigate } from "../../shell/router.js";
import { showToast } from "../../shell/toasts.js";
import { t } from "../../texts/text.js";
import { text } from "./texts.js";

/** @typedef {import("../../shell/device.js").StoredDocument} StoredDocument */
/** @typedef {"withdraw" | "change" | "cancel"} About */

const IN_ERP = ["accepted", "handed_over", "on_hold"];

/** @param {StoredDocument} document Whether an edited copy may take its place. */
export function isCorrectable(document) {
  if (kindOf(document.kind)?.destination !== "erp") return false;
  return document.needsRep || document.stage === "on_device" || Boolean(stateOf(document.stage)?.replaceable);
}

/**
 * Open an edited copy of *document*, at the field at *path*.
 *
 * @param {StoredDocument} document
 * @param {string} [path]
 */
export function correct(document, path = "") {
  return attempt(async () => {
    const { body } = await device.call.editableBody(document.id);
    const draft = await startDraft(document.kind, body, document.id);
    navigate(path ? address("form", draft, path) : address("form", draft));
  });
}

/** @param {{ document: StoredDocument }} properties */
export function Choices({ document }) {
  const asking = useSignal(/** @type {About | null} */ (null));
  const kind = kindOf(document.kind);
  const isOurs = kind?.destination === "erp";
  // A push was begun and its reply is missing: the server may have it.
  const isUncertain = document.stage === "on_device" && document.attempts > 0;
  const isReplaceable = Boolean(stateOf(document.stage)?.replaceable) && document.stage !== "rejected";
  const isWithdrawable = isReplaceable || isUncertain;
  const isChangeable = IN_ERP.includes(document.stage) && isOurs;
  const isDismissable = document.needsRep || (document.stage === "on_device" && document.attempts === 0);
  const hasConfirmation = Boolean(kind?.lines && "customer_id" in document.body && document.kind === "order");
  const ask = (/** @type {About} */ about) => () => {
    asking.value = about;
  };
  const dismiss = () =>
    attempt(async () => {
      await device.call.dismiss(document.id);
      showToast(
        t("document.dismissed"),
        undo(() => device.call.restore(document.id)),
      );
    });
  return html`
    <div class="buttons">
      ${hasConfirmation && html`<a role="button" href=${address("confirmation", document.id)}>${text("confirmation")}</a>`}
      ${isCorrectable(document) && html`<button type="button" onClick=${() => correct(document)}>${text("correct")}</button>`}
      ${isWithdrawable && isOurs && html`<button type="button" class="secondary" onClick=${ask("withdraw")}>${text("withdraw")}</button>`}
      ${isChangeable && html`<button type="button" class="secondary" onClick=${ask("change")}>${text("change")}</button>`}
      ${isChangeable && html`<button type="button" class="secondary" onClick=${ask("cancel")}>${text("cancel")}</button>`}
      ${isDismissable && html`<button type="button" class="secondary" onClick=${dismiss}>${t("document.dismiss")}</button>`}
    </div>
    ${
      asking.value &&
      html`<${Ask} key=${asking.value} document=${document} about=${asking.value} onDone=${() => {
        asking.value = null;
      }} />`
    }`;
}

/** @type {Record<About, { kind: string, name: string, question: "withdraw_why" | "change_what" | "cancel_why" }>} */
const QUESTIONS = {
  withdraw: { kind: "withdrawal", name: "reason", question: "withdraw_why" },
  change: { kind: "change_request", name: "message", question: "change_what" },
  cancel: { kind: "change_request", name: "message", question: "cancel_why" },
};

/** @param {{ document: StoredDocument, about: About, onDone: () => void }} properties */
function Ask({ document, about, onDone }) {
  const { kind, name, question } = QUESTIONS[about];
  const message = useSignal("");
  const problem = useSignal("");
  const field = kindOf(kind)?.fields.find((each) => each.name === name);
  const take = (/** @type {boolean} */ isDone) => (/** @type {any} */ event) => {
    message.value = field ? String(clean(field, event.target.value, { isDone }) ?? "") : event.target.value;
    problem.value = "";
  };
  const send = (/** @type {Event} */ event) => {
    event.preventDefault();
    return attempt(async () => {
      const typed = message.value.trim();
      const body = { submission_id: document.id, action: about, [name]: typed || null };
      const { faults } = await device.call.check(kind, body);
      const own = faults.find((/** @type {any} */ each) => each.field === name);
      if (own) {
        problem.value = reasonText(own.reason, own.parameters ?? {}, own.message);
        return;
      }
      await request(document, about, typed);
      onDone();
    });
  };
  return html`
    <form onSubmit=${send}>
      <label>
        ${text(question)}
        <textarea value=${message.value} dir="auto" aria-invalid=${problem.value ? "true" : undefined}
          aria-describedby="ask-notes" onInput=${take(false)} onBlur=${take(true)}></textarea>
      </label>
      <p id="ask-notes" class="fault" role="alert" data-from-server>${problem.value}</p>
      <button type="submit">${t("send")}</button>
    </form>`;
}

/**
 * @param {StoredDocument} document
 * @param {About} about
 * @param {string} message
 */
async function request({ id, kind, title, body }, about, message) {
  const name = documentName({ kind, title, body });
  if (about === "withdraw") {
    const made = await device.call.withdraw({ id, reason: message || null, title: name });
    const back = made === id ? () => device.call.restore(id) : () => device.call.dismiss(made);
    showToast(text("withdrawn"), undo(back));
  } else {
    const made = await device.call.requestChange({ id, action: about, message, title: name });
    showToast(
      text("asked"),
      undo(() => device.call.dismiss(made)),
    );
  }
}

/** @param {() => Promise<unknown>} action Return what undoes a step, and says whether that was still possible. */
function undo(action) {
  return () =>
    attempt(async () => {
      await action();
      showToast(text("undone"));
    });
}

/** @param {() => Promise<unknown>} action Run it; show the reason if it is not possible. */
async function attempt(action) {
  try {
    await action();
  } catch (error) {
    logError(error);
    showToast(problemText(error));
  }
}
