// The texts of the form of an expense claim.

import { translator } from "../../texts/text.js";

export const TEXTS = /** @satisfies {Record<string, readonly [string, string]>} */ ({
  add: ["Add an expense", "添加费用"],
  by_category: ["By category", "按类别"],
  limit: ["The limit is {amount}.", "限额为 {amount}。"],
  lines: ["Expenses", "费用"],
  more_fields: ["More about this claim", "报销单其他信息"],
  no_lines: ["No expenses yet. Choose a category.", "还没有费用，请选择类别。"],
  receipt_above: ["A receipt is needed above {amount}.", "超过 {amount} 需附票据。"],
  receipt_always: ["A receipt is needed.", "需附票据。"],
  remove: ["Remove expense {number}", "删除第 {number} 项费用"],
  total: ["Total with tax", "含税合计"],
  total_so_far: ["Total so far, with tax", "当前含税合计"],
});

export const text = translator(TEXTS);
