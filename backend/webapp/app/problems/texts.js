// What the device cannot do now, as a rep reads it, by the code of the error.

import { translator } from "../texts/text.js";

export const TEXTS = /** @satisfies {Record<string, readonly [string, string]>} */ ({
  browser_too_old: [
    "This browser is too old for the app. Update it, or use another one.",
    "此浏览器版本过旧，请更新或使用其他浏览器。",
  ],
  database_closed: [
    "The phone closed the app's storage. Close the app and open it again.",
    "系统已关闭本机上的应用存储，请关闭应用后重新打开。",
  ],
  disk_full: [
    "This phone has no room left. Delete photos or apps; what you typed is still here.",
    "本机空间已满，请删除照片或应用；您输入的内容仍在。",
  ],
  newer_layout: [
    "A newer version of this app was used here. Load the app again.",
    "此处曾使用较新版本的应用，请重新加载。",
  ],
  no_document: ["This document is not on this phone.", "本机上没有该单据。"],
  not_enrolled: [
    "This phone is not connected. Ask the office for a code.",
    "本机尚未绑定，请向内勤索取绑定码。",
  ],
  not_sent_yet: [
    "This document has not been sent to the ERP. Withdraw it, or correct it.",
    "该单据尚未发送到 ERP，请撤回或更正。",
  ],
  other: ["This is not possible now.", "现在无法执行此操作。"],
  replaced_already: ["A newer version has replaced this document.", "该单据已被较新版本取代。"],
  submission_too_large: ["The document is too large to be sent.", "单据过大，无法发送。"],
  too_late: [
    "It can no longer be changed here. Ask the office for a change.",
    "此处已无法变更，请向内勤申请变更。",
  ],
  too_late_to_dismiss: [
    "This document may be on its way. Ask the office to stop it.",
    "该单据可能已在发送途中，请联系内勤拦截。",
  ],
  withdrawn_already: ["This document has been withdrawn already.", "该单据已撤回。"],
});

const text = translator(TEXTS);

/** @param {any} error Return what an error of the device means, in the language of the person. */
export function problemText(error) {
  const code = String(error?.code ?? "");
  return text(/** @type {keyof typeof TEXTS} */ (Object.hasOwn(TEXTS, code) ? code : "other"));
}
