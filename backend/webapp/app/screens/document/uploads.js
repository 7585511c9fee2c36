// How much of a document's receipts the server has confirmed, or that they wait for Wi-Fi.

import { html } from "../../html.js";
import { holdsReceipts } from "../../shell/line.js";
import { bytesText } from "../../texts/sizes.js";
import { text } from "./texts.js";

/** @typedef {import("../../shell/device.js").StoredDocument} StoredDocument */

/** @param {StoredDocument} document Whether its receipts wait for Wi-Fi. */
export function isHeld({ bytes, arrived, dismissed, any_line }) {
  return holdsReceipts.value && arrived < bytes && !dismissed && !any_line;
}

/** @param {{ document: StoredDocument }} properties */
export function Uploads({ document }) {
  const { bytes, arrived, dismissed, due, mark } = document;
  if (arrived === bytes || dismissed) return null;
  const sentence = text("arrived", { done: bytesText(arrived), all: bytesText(bytes) });
  return html`
    ${isHeld(document) && html`<small>${text("held")}</small>`}
    ${
      !due &&
      !mark &&
      html`<small>${sentence} <progress value=${arrived} max=${bytes} aria-label=${sentence}></progress></small>`
    }`;
}
