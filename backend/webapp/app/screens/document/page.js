// One document: its state, why, what was captured, and what may still be done about it.

import { contract, kindOf, words } from "../../contract/contract.js";
import { aboutDocument, documentName } from "../../contract/document_name.js";
import { reasonText, stageSentence, stageText } from "../../contract/reasons.js";
import { fieldPlace } from "../../form/places.js";
import { html } from "../../html.js";
import { device, useStored } from "../../shell/device.js";
import { Empty, Layout } from "../../shell/layout.js";
import { address } from "../../shell/router.js";
import { t } from "../../texts/text.js";
import { instantText } from "../../texts/time.js";
import { Fields } from "../record.js";
import { Choices, correct, isCorrectable } from "./choices.js";
import { text } from "./texts.js";
import { isHeld, Uploads } from "./uploads.js";

/** @typedef {import("../../shell/device.js").StoredDocument} StoredDocument */

const BACK = address("outbox");

/** @param {{ names: string[] }} properties */
export function DocumentPage({ names: [id = ""] }) {
  const { value: all } = useStored(() => device.call.documents(), [id]);
  if (!all) return html`<${Layout} title=${t("loading")} back=${BACK} />`;
  const document = all.find((each) => each.id === id);
  if (!document)
    return html`<${Layout} title=${t("not_found.title")} back=${BACK}><${Empty} text=${t("document.gone")} /><//>`;
  const kind = kindOf(document.kind);
  const about = aboutDocument(document, all);
  const newer = all.find(
    (each) => each.stage !== "dismissed" && (each.supersedes === id || each.id === document.supersededBy),
  );
  return html`
    <${Layout} title=${documentName(document, all)} back=${BACK} isData>
      <${State} document=${document} />
      <${Faults} document=${document} />
      <${Choices} document=${document} />
      <${LostCustomer} document=${document} />
      ${kind && html`<${Fields} fields=${about ? kind.fields.filter((each) => each.name !== kind.title) : kind.fields} record=${document.body} />`}
      ${newer && html`<p><${Link} to=${newer} all=${all} text=${newer.kind === document.kind ? text("newer") : ""} /></p>`}
      ${about && html`<p><${Link} to=${about} all=${all} /></p>`}
      ${document.supersedes && !about && html`<p><a href=${address("document", document.supersedes)}>${text("older")}</a></p>`}
      <p><small>${t("document.captured", { when: instantText(document.captured_at) })}</small></p>
      <p><small><code>${document.id}</code></small></p>
    <//>`;
}

/** @param {{ to: StoredDocument, all: StoredDocument[], text?: string }} properties text: its name if empty */
function Link({ to, all, text: words = "" }) {
  return html`<a href=${address("document", to.id)} data-from-server>${words || documentName(to, all)}</a>`;
}

/** @param {{ document: StoredDocument }} properties */
function State({ document }) {
  const decision = contract.value?.decisions.find((each) => each.name === document.decision);
  return html`
    <section role="status">
      <p class=${document.needsRep ? "fault" : ""}><strong>${stageText(document.stage)}</strong></p>
      <p>${stageSentence(document.stage)}</p>
      ${document.erpNumber && html`<p data-from-server>${t("document.number", { number: document.erpNumber })}</p>`}
      ${
        document.reason &&
        html`<p data-from-server>${reasonText(document.reasonCode, document.parameters, document.reason, kindOf(document.kind)?.fields)}</p>`
      }
      ${decision && html`<p>${text("decision", { decision: words(decision.label) })}</p>`}
      ${document.missing.length > 0 && html`<p>${text("receipts", { count: document.missing.length })}</p>`}
      <${Uploads} document=${document} />
      ${
        isHeld(document) &&
        html`<p><button type="button" class="secondary" onClick=${() => device.call.sendReceipts(document.id)}>${text("send_now")}</button></p>`
      }
    </section>`;
}

/** @param {{ document: StoredDocument }} properties Every fault with a way to its field, and every warning. */
function Faults({ document }) {
  const { errors, warnings } = document;
  const mayCorrect = isCorrectable(document);
  const fields = kindOf(document.kind)?.fields ?? [];
  const sentence = (/** @type {any} */ each) => reasonText(each.reason, each.parameters ?? {}, each.message);
  return html`
    ${
      errors.length > 0 &&
      html`
        <section class="faults">
          <h2>${text("faults")}</h2>
          <ul>
            ${errors.map(
              (/** @type {any} */ each) => html`
                <li key=${each.field + each.code}>
                  <span data-from-server>${each.field && html`<strong>${fieldPlace(fields, each.field)}</strong>: `}${sentence(each)}</span>
                  ${
                    mayCorrect &&
                    html`<button type="button" class="secondary outline" onClick=${() => correct(document, each.field)}>
                      ${text("correct_here")}
                    </button>`
                  }
                </li>`,
            )}
          </ul>
        </section>`
    }
    ${
      warnings.length > 0 &&
      html`
        <section class="warnings">
          <h2>${text("warnings")}</h2>
          <ul data-from-server>
            ${warnings.map(
              (/** @type {any} */ each) => html`
                <li key=${each.field + each.code}><strong>${fieldPlace(fields, each.field)}</strong>: ${sentence(each)}</li>`,
            )}
          </ul>
        </section>`
    }`;
}

/** @param {{ document: StoredDocument }} properties Says that the customer is gone from this phone, and nothing else is. */
function LostCustomer({ document }) {
  const key = document.body.customer_id ?? null;
  const { value: customer } = useStored(
    async () => (key ? device.call.record("customers", String(key)) : null),
    [key],
  );
  return key && customer === null ? html`<p class="warning">${text("lost_customer")}</p>` : null;
}
