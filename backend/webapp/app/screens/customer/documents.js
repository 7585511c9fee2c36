// What this rep has captured for a customer: on this phone, and what other phones of the rep have sent.

import { documentName } from "../../contract/document_name.js";
import { stageText } from "../../contract/reasons.js";
import { html } from "../../html.js";
import { device, useStored } from "../../shell/device.js";
import { address } from "../../shell/router.js";
import { instantText } from "../../texts/time.js";
import { text } from "./texts.js";

const READ = 500;
const SHOWN = 10;

/** @param {{ customerKey: string }} properties */
export function CustomerDocuments({ customerKey }) {
  const { value: documents } = useStored(() => documentsOf(customerKey), [customerKey]);
  if (!documents?.length) return null;
  return html`
    <section>
      <h2>${text("documents")}</h2>
      <ul class="rows">
        ${documents.slice(0, SHOWN).map(
          (each) => html`
            <li key=${each.id}>
              <a href=${each.isHere ? address("document", each.id) : address("record", "submissions", each.id)}>
                <strong data-from-server>${documentName(each)}</strong>
                <span class=${each.needsRep ? "fault" : ""}>${stageText(each.stage)}</span>
                <small>${instantText(each.captured_at)}${each.erpNumber ? ` · ${each.erpNumber}` : ""}</small>
              </a>
            </li>`,
        )}
      </ul>
    </section>`;
}

/** @param {string} customerKey Return the documents for the customer, newest first. */
async function documentsOf(customerKey) {
  const [own, all] = await Promise.all([
    device.call.documents(),
    device.call.records("submissions", { limit: READ }),
  ]);
  const here = new Set(own.map((each) => each.id));
  const elsewhere = all
    .filter((each) => !here.has(each.id))
    .map((each) => ({
      id: String(each.id),
      kind: String(each.kind),
      title: String(each.title),
      body: each.body,
      captured_at: String(each.captured_at),
      stage: String(each.state),
      needsRep: each.state === "rejected",
      erpNumber: each.erp_number,
      isHere: false,
    }));
  return [...own.map((each) => ({ ...each, isHere: true })), ...elsewhere]
    .filter((each) => each.body.customer_id === customerKey)
    .sort((a, b) => b.captured_at.localeCompare(a.captured_at));
}
