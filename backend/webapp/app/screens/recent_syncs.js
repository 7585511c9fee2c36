// What the last syncs of this phone cost: bytes and seconds.

import { html } from "../html.js";
import { device, stored, useStored } from "../shell/device.js";
import { bytesText } from "../texts/sizes.js";
import { languageTag, t } from "../texts/text.js";
import { instantText } from "../texts/time.js";

const SHOWN = 5;

export function RecentSyncs() {
  const { value: diagnostics } = useStored(() => device.call.diagnostics(), []);
  if (!stored.value?.rep || !diagnostics?.syncs.length) return null;
  const seconds = new Intl.NumberFormat(languageTag(), {
    style: "unit",
    unit: "second",
    unitDisplay: "short",
    maximumFractionDigits: 1,
  });
  return html`
    <section>
      <h2>${t("settings.syncs")}</h2>
      <ul class="rows">
        ${diagnostics.syncs.slice(0, SHOWN).map(
          ({ at, sent, received, milliseconds, problem }) => html`
            <li key=${at} class="item">
              <span>${instantText(at)}</span>
              <span data-from-server>${bytesText(sent + received)} · ${seconds.format(milliseconds / 1000)}</span>
              ${problem && html`<small class="due fault">${t("settings.sync_failed")}</small>`}
            </li>`,
        )}
      </ul>
    </section>`;
}
