// The start: connect the phone; then what to do, what waits, and what there is to look up.

import { collectionOf, contract, words, wordsWithin } from "../contract/contract.js";
import { html } from "../html.js";
import { activity, device, isNew, startError, stored, useStored } from "../shell/device.js";
import { ErrorPage } from "../shell/error_page.js";
import { Layout } from "../shell/layout.js";
import { address } from "../shell/router.js";
import { bytesText } from "../texts/sizes.js";
import { languageTag, t } from "../texts/text.js";
import { instantText } from "../texts/time.js";
import { Enrol } from "./enrol.js";

/** What a rep makes and looks up most often comes first. */
const FIRST_KIND = "order";
const FIRST_COLLECTIONS = ["customers", "products"];

export function Home() {
  if (startError.value) return html`<${ErrorPage} error=${startError.value} />`;
  if (!stored.value && isNew.value) return html`<${Enrol} />`;
  if (!stored.value)
    return html`<${Layout} title=${t("place.home")}><p aria-busy="true">${t("loading")}</p><//>`;
  if (!stored.value.rep) return html`<${Enrol} />`;
  const { rep } = stored.value;
  return html`
    <${Layout} title=${rep.company || t("place.home")} isData>
      <p data-from-server>${rep.name}</p>
      <${FirstSync} />
      <${NewDocuments} />
      <${Drafts} />
      <${Collections} />
    <//>`;
}

/** The progress of the first sync: what is coming, and how much of it has arrived. */
function FirstSync() {
  const download = activity.value?.download ?? stored.value?.download;
  if (stored.value?.complete) return null;
  if (!download || download.bytes === 0) {
    return html`<section><label for="first">${t("first.begins")}</label><progress id="first"></progress></section>`;
  }
  if (download.bytesApplied >= download.bytes) {
    return html`<section><label for="first">${t("first.rest")}</label><progress id="first"></progress></section>`;
  }
  const coming = download.coming ? words(collectionOf(download.coming)?.label) || download.coming : "";
  const amount = { done: bytesText(download.bytesApplied), all: bytesText(download.bytes) };
  return html`
    <section>
      <label for="first">${t("first.progress", amount)} <span data-from-server>${coming}</span></label>
      <progress id="first" value=${download.bytesApplied} max=${download.bytes}></progress>
      ${download.usable && html`<p>${t("first.usable")}</p>`}
    </section>`;
}

function NewDocuments() {
  const kinds = (contract.value?.kinds ?? [])
    .filter((kind) => kind.destination === "erp")
    .sort((a, b) => Number(b.name === FIRST_KIND) - Number(a.name === FIRST_KIND));
  return html`
    <section class="buttons">
      ${kinds.map(
        (kind) => html`<a key=${kind.name} role="button" href=${address("new", kind.name)}>
          ${t("new", { what: wordsWithin(kind.label) })}
        </a>`,
      )}
    </section>`;
}

function Drafts() {
  const drafts = useStored(() => device.call.drafts(), []).value ?? [];
  if (drafts.length === 0) return null;
  return html`
    <section>
      <h2>${t("drafts")}</h2>
      <ul class="rows">
        ${drafts.map(
          (draft) => html`
            <li key=${draft.id}>
              <a href=${draft.route || address("form", draft.id)}>
                <strong>${words(contract.value?.kinds.find((kind) => kind.name === draft.kind)?.label) || draft.kind}</strong>
                <small>${instantText(draft.changed_at)}</small>
              </a>
            </li>`,
        )}
      </ul>
    </section>`;
}

function Collections() {
  const counts = stored.value?.records ?? {};
  const known = (contract.value?.collections ?? [])
    .filter((each) => each.parent === null && counts[each.name])
    .sort(
      (a, b) =>
        placeOf(a.name) - placeOf(b.name) || words(a.label).localeCompare(words(b.label), languageTag()),
    );
  const format = new Intl.NumberFormat(languageTag());
  return html`
    <section>
      <h2>${t("look_up")}</h2>
      <ul class="rows">
        ${known.map(
          (each) => html`
            <li key=${each.name}>
              <a href=${address("list", each.name)}>
                <strong>${words(each.label)}</strong><small>${format.format(counts[each.name] ?? 0)}</small>
              </a>
            </li>`,
        )}
      </ul>
    </section>`;
}

/** @param {string} name Return the place of a collection in the list; those that are not first share the last one. */
function placeOf(name) {
  const place = FIRST_COLLECTIONS.indexOf(name);
  return place < 0 ? FIRST_COLLECTIONS.length : place;
}
