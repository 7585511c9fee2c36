// A receipt as a small picture, which opens the full one: from the bytes in the outbox, so it needs no network, and
// also after it was sent.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { html } from "../html.js";
import { device, useStored } from "../shell/device.js";
import { t } from "../texts/text.js";
import { text } from "./texts.js";

const PREFIX = "sha256:";

/**
 * @param {{ receipt: string, number: number, isSending?: boolean }} properties isSending: say whether it has been sent
 */
export function Receipt({ receipt, number, isSending = false }) {
  const id = receipt.replace(PREFIX, "");
  const { value: photo } = useStored(() => device.call.photo(id), [id]);
  const address = useAddress(photo);
  const isOpen = useSignal(false);
  const isUnreadable = useSignal(false);
  if (photo === undefined)
    return html`<span class="receipt" aria-busy="true">${text("name", { number })}</span>`;
  if (photo === null)
    return html`<span class="receipt">${text("name", { number })} <small>${text("gone")}</small></span>`;
  const isPdf = photo.filetype === "application/pdf";
  const fail = () => {
    isUnreadable.value = true;
  };
  return html`
    <span class="receipt">
      ${isPdf && address && html`<a href=${address} target="_blank" download=${photo.filename}>${text("open_pdf")}</a>`}
      ${isUnreadable.value && html`<small data-from-server>${text("not_shown", { name: photo.filename })}</small>`}
      ${
        !isPdf &&
        !isUnreadable.value &&
        html`
          <button type="button" class="thumbnail" aria-label=${text("show", { number })} onClick=${() => {
            isOpen.value = true;
          }}>
            ${address && html`<img src=${address} alt="" decoding="async" onError=${fail} />`}
          </button>`
      }
      ${isSending && html`<small>${text(photo.error ? "refused" : photo.uploaded ? "sent" : "not_sent")}</small>`}
      ${
        isOpen.value &&
        html`<${FullPicture} address=${address} title=${text("name", { number })} onClose=${() => {
          isOpen.value = false;
        }} />`
      }
    </span>`;
}

/** @param {{ address: string, title: string, onClose: () => void }} properties */
function FullPicture({ address, title, onClose }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => dialog.current?.showModal(), []);
  return html`
    <dialog ref=${dialog} class="full-picture" aria-label=${title} onClose=${onClose}>
      <button type="button" class="secondary close" onClick=${() => dialog.current?.close()}>${t("close")}</button>
      <img src=${address} alt=${title} />
    </dialog>`;
}

/**
 * Return an address at which the browser finds the bytes; it is given back when the screen is left.
 *
 * @param {{ content: Uint8Array<ArrayBuffer>, filetype: string } | null | undefined} photo
 */
function useAddress(photo) {
  const address = useSignal("");
  const hasContent = Boolean(photo);
  useEffect(() => {
    if (!photo) return undefined;
    const made = URL.createObjectURL(new Blob([photo.content], { type: photo.filetype }));
    address.value = made;
    return () => URL.revokeObjectURL(made);
  }, [hasContent]);
  return address.value;
}

/** @param {{ fields: import("../contract/contract.js").Field[], record: Record<string, any> }} properties */
export function ReceiptsOf({ fields, record }) {
  const receipts = fields.filter(isOfReceipts).flatMap((each) => record[each.name] ?? []);
  if (receipts.length === 0) return null;
  return html`<div class="receipts">
    ${receipts.map((each, n) => html`<${Receipt} key=${each} receipt=${String(each)} number=${n + 1} isSending />`)}
  </div>`;
}

/** @param {import("../contract/contract.js").Field} field Whether it has photos or files, not text. */
export function isOfReceipts(field) {
  return field.type === "list" && field.item?.type === "receipt";
}
