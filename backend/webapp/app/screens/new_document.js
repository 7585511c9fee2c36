// Begins a document of a kind, with values from its address: /app/new/order/customer_id/C0001.

import { useEffect } from "preact/hooks";
import { contract, kindOf, words } from "../contract/contract.js";
import { newBody, startDraft } from "../form/draft.js";
import { html } from "../html.js";
import { Layout } from "../shell/layout.js";
import { address, BASE, navigate } from "../shell/router.js";
import { NotFound } from "./not_found.js";

/** @param {{ names: string[] }} properties */
export function NewDocument({ names: [name = "", ...pairs] }) {
  const kind = kindOf(name);
  const isKnown = kind !== null;
  useEffect(() => {
    if (!isKnown) return;
    /** @type {Record<string, string>} */
    const given = {};
    for (let n = 0; n + 1 < pairs.length; n += 2) given[String(pairs[n])] = String(pairs[n + 1]);
    newBody(name, given)
      .then((body) => startDraft(name, body))
      .then((id) => navigate(address("form", id), { replace: true }));
  }, [name, isKnown]);
  if (contract.value && !kind) return html`<${NotFound} />`;
  return html`<${Layout} title=${words(kind?.label)} back=${BASE} />`;
}
