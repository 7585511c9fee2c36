// The texts of the page of a document.

import { translator } from "../../texts/text.js";

export const TEXTS = /** @satisfies {Record<string, readonly [string, string]>} */ ({
  arrived: ["Receipts: {done} of {all} sent", "票据：已发送 {done} / {all}"],
  asked: ["Your request is kept, and sent when there is a network.", "您的申请已保存，有网络时自动发送。"],
  cancel: ["Ask to cancel it", "申请取消"],
  change: ["Request a change", "申请变更"],
  change_what: ["What should be changed?", "需要变更什么？"],
  cancel_why: ["Why should it be cancelled?", "为什么取消？"],
  confirmation: ["Show confirmation", "查看确认页"],
  correct: ["Correct and send again", "更正并重新提交"],
  correct_here: ["Correct it", "去更正"],
  decision: ["Decision of the office: {decision}", "内勤决定：{decision}"],
  faults: ["What is wrong", "问题"],
  held: ["Photos wait for Wi-Fi.", "照片等待 Wi-Fi 后发送。"],
  history: ["Earlier and later versions", "历史版本"],
  lost_customer: [
    "This customer is not on this phone any more. What you captured stays readable here.",
    "本机上已没有该客户，您录入的内容仍可在此查看。",
  ],
  newer: ["Newer version", "较新版本"],
  older: ["It replaces an earlier version", "取代的较早版本"],
  receipts: ["Receipts that are not sent yet: {count}", "尚未发送的票据：{count}"],
  send_now: ["Send now", "立即发送"],
  undone: ["It was undone.", "已撤销。"],
  warnings: ["Please note", "请注意"],
  withdraw: ["Withdraw", "撤回"],
  withdraw_why: ["Why? (optional)", "撤回原因（选填）"],
  withdrawn: ["It is withdrawn when the server has agreed.", "服务器确认后即撤回。"],
});

export const text = translator(TEXTS);
