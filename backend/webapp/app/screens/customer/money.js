// What a customer owes: credit with its age, and open items with those that are overdue.

import { collectionOf } from "../../contract/contract.js";
import { moneyText, valueText } from "../../contract/values.js";
import { Decimal } from "../../device/decimals.js";
import { html } from "../../html.js";
import { device, useStored } from "../../shell/device.js";
import { now } from "../../shell/status.js";
import { countText } from "../../texts/text.js";
import { ageText, dateText } from "../../texts/time.js";
import { text } from "./texts.js";

const DAY_MS = 86_400_000;

/** @param {{ customerKey: string }} properties */
export function Credit({ customerKey }) {
  const { value: records } = useStored(() => device.call.children("credit", customerKey), [customerKey]);
  if (!records?.length) return null;
  return html`
    <section>
      <h2>${text("credit")}</h2>
      ${records.map((credit) => html`<${CreditOf} key=${credit.id} credit=${credit} />`)}
    </section>`;
}

/** @param {{ credit: Record<string, any> }} properties */
function CreditOf({ credit }) {
  const { currency, limit, exposure, overdue } = credit;
  const available = limit === null ? null : Decimal.of(limit).minus(Decimal.of(exposure));
  const isExceeded = available !== null && available.units < 0n;
  const isOverdue = Decimal.of(overdue).units > 0n;
  return html`
    ${isExceeded && html`<p class="fault"><strong>${text("credit_exceeded")}</strong></p>`}
    <dl class="figures">
      ${
        limit === null
          ? html`<div><dt>${text("limit")}</dt><dd>${text("credit_none")}</dd></div>`
          : html`<div><dt>${text("limit")}</dt><dd data-from-server>${moneyText(limit, currency)}</dd></div>`
      }
      <div><dt>${text("used")}</dt><dd data-from-server>${moneyText(exposure, currency)}</dd></div>
      ${
        available &&
        html`<div><dt>${text("available")}</dt><dd class=${isExceeded ? "fault" : ""} data-from-server>
          ${moneyText(available, currency)}</dd></div>`
      }
      <div><dt>${text("overdue")}</dt><dd class=${isOverdue ? "fault" : ""} data-from-server>
        ${moneyText(overdue, currency)}</dd></div>
      ${
        isOverdue &&
        credit.oldest_due_date &&
        html`<div><dt>${text("oldest")}</dt><dd>${dateText(credit.oldest_due_date)}</dd></div>`
      }
    </dl>
    <p><small>${text("as_of", { age: ageText(Date.parse(credit.as_of), now.value) })}</small></p>`;
}

/** @param {{ customerKey: string }} properties */
export function OpenItems({ customerKey }) {
  const { value } = useStored(
    async () => ({
      items: await device.call.children("receivables", customerKey),
      today: await device.call.today(),
    }),
    [customerKey],
  );
  if (!value?.items.length) return null;
  const items = value.items.filter((each) => Decimal.of(each.open_amount).units !== 0n);
  items.sort((a, b) => String(a.due_date ?? "").localeCompare(String(b.due_date ?? "")));
  const type = collectionOf("receivables")?.fields.find((each) => each.name === "type");
  return html`
    <section>
      <h2>${text("open_items")}</h2>
      ${items.length === 0 && html`<p>${text("open_nothing")}</p>`}
      <ul class="rows">
        ${items.map(
          (item) => html`
            <li key=${item.id} class="item">
              <span data-from-server>${[type && valueText(type, item.type, item), item.number].filter(Boolean).join(" ")}</span>
              <strong data-from-server>${moneyText(item.open_amount, item.currency)}</strong>
              <${Due} item=${item} today=${value.today} />
            </li>`,
        )}
      </ul>
    </section>`;
}

/** @param {{ item: Record<string, any>, today: string }} properties */
function Due({ item, today }) {
  if (!item.due_date) return null;
  const days = Math.round((Date.parse(today) - Date.parse(item.due_date)) / DAY_MS);
  const isOverdue = days > 0 && !item.open_amount.startsWith("-");
  return html`
    <small class="due">${text("due", { date: dateText(item.due_date) })}${
      isOverdue
        ? html` · <span class="fault">${countText(text, "one_day_overdue", "many_days_overdue", days)}</span>`
        : null
    }</small>`;
}
