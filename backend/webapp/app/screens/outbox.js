// What this phone has captured: on this phone, on its way, settled. Every state in words, and what to do next.

import { contract, kindOf, words } from "../contract/contract.js";
import { documentName } from "../contract/document_name.js";
import { reasonText, stageText } from "../contract/reasons.js";
import { html } from "../html.js";
import { activity, device, stored, useStored } from "../shell/device.js";
import { Empty, Layout } from "../shell/layout.js";
import { address } from "../shell/router.js";
import { t } from "../texts/text.js";
import { instantText } from "../texts/time.js";
import { Uploads } from "./document/uploads.js";
import { Export } from "./leave/export.js";

/** @typedef {import("../shell/device.js").StoredDocument} StoredDocument */

/** @type {readonly { group: "phone" | "way" | "settled", title: import("../texts/text.js").TextName }[]} */
const GROUPS = [
  { group: "phone", title: "outbox.phone" },
  { group: "way", title: "outbox.way" },
  { group: "settled", title: "outbox.settled" },
];

export function Outbox() {
  const { value: documents, error } = useStored(() => device.call.documents(), []);
  return html`
    <${Layout} title=${t("place.outbox")}>
      <${Connection} />
      ${error ? html`<p role="alert" class="fault">${t("data.unreadable")}</p>` : null}
      ${documents?.length === 0 && html`<${Empty} text=${t("outbox.nothing")} />`}
      ${
        documents &&
        GROUPS.map(({ group, title }) => {
          const shown = documents.filter((each) => each.group === group).reverse();
          return (
            shown.length > 0 &&
            html`<section key=${group}>
              <h2>${t(title)}</h2>
              <ul class="rows">${shown.map((each) => html`<${Row} key=${each.id} document=${each} all=${documents} />`)}</ul>
            </section>`
          );
        })
      }
      <${Export} />
    <//>`;
}

/** What the phone is doing, in a sentence, and a button that syncs. */
function Connection() {
  const doing = activity.value;
  if (!stored.value?.rep || !doing) return null;
  const sync = () => device.syncNow({ impatient: true });
  return html`
    <section>
      ${doing.stop !== null && html`<p role="alert" class="fault">${t("outbox.ended")}</p>`}
      ${doing.connection === "portal" && html`<p>${t("not_our_server")}</p>`}
      ${doing.connection === "offline" && html`<p>${t("outbox.offline")}</p>`}
      ${doing.connection === "trouble" && html`<p>${troubleText(doing.trouble)}</p>`}
      ${
        stored.value.syncedAt &&
        html`<p><small>${t("outbox.synced", { when: instantText(stored.value.syncedAt) })}</small></p>`
      }
      ${
        doing.stop === null
          ? html`<button type="button" aria-busy=${doing.syncing} disabled=${doing.syncing} onClick=${sync}>${t("outbox.sync")}</button>`
          : html`<a role="button" href=${address("connect")}>${t("outbox.connect")}</a>`
      }
    </section>`;
}

/** @param {{ code: string, technical: string } | null} trouble */
function troubleText(trouble) {
  const error = contract.value?.errors.find((each) => each.code === trouble?.code);
  return words(error?.sentence) || t("outbox.trouble");
}

/** @param {{ document: StoredDocument, all: StoredDocument[] }} properties */
function Row({ document, all }) {
  return html`
    <li>
      <a href=${address("document", document.id)}>
        <strong data-from-server>${documentName(document, all)}</strong>
        <span class=${document.needsRep ? "fault" : ""}>${stageText(document.stage)}${numberText(document)}</span>
        ${document.reason && html`<small data-from-server>${reasonText(document.reasonCode, document.parameters, document.reason, kindOf(document.kind)?.fields)}</small>`}
        <${Uploads} document=${document} />
      </a>
    </li>`;
}

/** @param {StoredDocument} document */
function numberText(document) {
  return document.erpNumber ? ` · ${document.erpNumber}` : "";
}
