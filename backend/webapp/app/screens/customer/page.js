// The page of a customer: what a rep looks up on the way there, and what can be made for this customer.

import { collectionOf, words } from "../../contract/contract.js";
import { nameOf } from "../../contract/names.js";
import { valueText } from "../../contract/values.js";
import { html } from "../../html.js";
import { device, useStored } from "../../shell/device.js";
import { Icon } from "../../shell/icon.js";
import { address } from "../../shell/router.js";
import { Actions, Children, Contact, childrenOf, Fields, RecordFrame } from "../record.js";
import { CustomerDocuments } from "./documents.js";
import { Credit, OpenItems } from "./money.js";
import { Orders } from "./orders.js";
import { text } from "./texts.js";

const OWN_SECTIONS = ["contacts", "credit", "receivables", "orders"];

/** @param {{ names: string[] }} properties */
export function CustomerPage({ names: [name = "", key = ""] }) {
  return html`<${RecordFrame} name=${name} recordKey=${key} content=${Sections} />`;
}

/** @param {import("../record.js").Shown} properties */
function Sections({ collection, record, recordKey }) {
  return html`
    <${Standing} customer=${record} />
    <${Actions} collection=${collection} recordKey=${recordKey} first="order" />
    <section>
      <h2>${text("addresses")}</h2>
      <${Contact} record=${record} />
    </section>
    <${Contacts} customerKey=${recordKey} />
    <${Credit} customerKey=${recordKey} />
    <${OpenItems} customerKey=${recordKey} />
    <${Orders} customerKey=${recordKey} />
    ${
      record.notes &&
      html`<section><h2>${text("notes")}</h2><p class="multiline" data-from-server>${record.notes}</p></section>`
    }
    <${CustomerDocuments} customerKey=${recordKey} />
    ${childrenOf(collection.name)
      .filter((each) => !OWN_SECTIONS.includes(each.name))
      .map((each) => html`<${Children} key=${each.name} collection=${each} parentKey=${recordKey} />`)}
    <details>
      <summary>${text("everything")}</summary>
      <${Fields} fields=${collection.fields} record=${record} />
    </details>`;
}

/** @param {{ customer: Record<string, any> }} properties Number, status, and what stands in the way of an order. */
function Standing({ customer }) {
  const fields = collectionOf("customers")?.fields ?? [];
  const shown = ["number", "status", "group", "payment_term"].map((name) => {
    const field = fields.find((each) => each.name === name);
    return field ? valueText(field, customer[name], customer) : "";
  });
  const isBlocked = customer.status === "blocked" || customer.block_order;
  return html`
    <p data-from-server>${shown.filter(Boolean).join(" · ")}</p>
    ${customer.status === "closed" && html`<p class="fault"><strong>${text("is_closed")}</strong></p>`}
    ${isBlocked && html`<p class="fault"><strong>${text("is_blocked")}</strong></p>`}
    ${customer.block_delivery && html`<p class="fault"><strong>${text("is_delivery_blocked")}</strong></p>`}
    ${
      customer.replaced_by &&
      html`<p>${text("is_replaced")} <a href=${address("record", "customers", customer.replaced_by)} data-from-server>
        ${nameOf("customers", customer.replaced_by)}</a></p>`
    }`;
}

/** @param {{ customerKey: string }} properties People, with ways to call and to write. */
function Contacts({ customerKey }) {
  const { value: contacts } = useStored(() => device.call.children("contacts", customerKey), [customerKey]);
  if (!contacts?.length) return null;
  const label = words(collectionOf("contacts")?.label) || text("contacts");
  return html`
    <section>
      <h2>${label}</h2>
      ${contacts.map(
        (contact) => html`
          <div key=${contact.id} class="person">
            <p data-from-server><strong>${contact.name ?? ""}</strong> <small>${contact.role ?? ""}</small></p>
            <${Contact} record=${contact} />
            <ul class="rows" data-from-server>
              ${(contact.emails ?? []).map(
                (/** @type {string} */ each) => html`
                  <li key=${each}><a href=${`mailto:${each}`} aria-label=${text("mail", { address: each })}>
                    <${Icon} name="mail" /><span>${each}</span>
                  </a></li>`,
              )}
            </ul>
          </div>`,
      )}
    </section>`;
}
