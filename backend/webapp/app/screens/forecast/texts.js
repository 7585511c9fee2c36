// The texts of the forecast grid.

import { translator } from "../../texts/text.js";

export const TEXTS = /** @satisfies {Record<string, readonly [string, string]>} */ ({
  add: ["Add a product", "添加商品"],
  choose: ["Choose the warehouse first.", "请先选择仓库。"],
  earlier: ["Earlier months", "较早月份"],
  grid: ["Quantities by month", "按月数量"],
  last_year: ["Last year {quantity}", "去年 {quantity}"],
  later: ["Later months", "较晚月份"],
  nothing: ["Nothing has changed.", "没有变更。"],
  notes: [
    "Each month that you change is sent as a new revision, with all its products.",
    "每个变更的月份都会作为新版本连同其全部商品一起发送。",
  ],
  open: ["Open orders {quantity}", "未清订单 {quantity}"],
  previous: ["Before {quantity}", "上一版 {quantity}"],
  product: ["Product", "商品"],
  products_none: ["No products yet. Add one.", "还没有商品，请添加。"],
  revision: ["Revision {number}", "第 {number} 版"],
});

export const text = translator(TEXTS);
