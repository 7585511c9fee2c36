// The texts about leaving: sign-out, and the file with what was not sent.

import { translator } from "../../texts/text.js";

export const TEXTS = /** @satisfies {Record<string, readonly [string, string]>} */ ({
  cancel: ["Stay", "取消"],
  handed_over: ["The office has the file", "内勤已收到文件"],
  many_unsent: [
    "{count} documents are not sent. They stay on this phone, and are sent when you connect again.",
    "{count} 份单据尚未发送，会保留在本机上，重新绑定后发送。",
  ],
  one_unsent: [
    "1 document is not sent. It stays on this phone, and is sent when you connect again.",
    "1 份单据尚未发送，会保留在本机上，重新绑定后发送。",
  ],
  save: ["Save what is not sent", "保存未发送的内容"],
  saved_nothing: ["Everything has been sent.", "全部已发送。"],
  sign_out: ["Sign out", "退出登录"],
  sign_out_now: ["Sign out now", "立即退出"],
  signed_out: ["You are signed out.", "您已退出登录。"],
  what: [
    "Customers, products and prices are deleted from this phone. Drafts and documents stay. You need a new code to connect again.",
    "客户、商品和价格将从本机上删除，草稿和单据会保留。重新绑定需要新绑定码。",
  ],
  why_save: [
    "If this phone cannot send, save a file that the office can import.",
    "如果本机无法发送，可保存文件交由内勤导入。",
  ],
  wiped: [
    "The office has ended this phone's access. What was not sent is in this file: save it and give it to the office.",
    "内勤已停用本机。未发送的内容在此文件中，请保存并交给内勤。",
  ],
});

export const text = translator(TEXTS);
