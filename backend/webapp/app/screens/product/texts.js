// The texts of the page of a product.

import { translator } from "../../texts/text.js";

export const TEXTS = /** @satisfies {Record<string, readonly [string, string]>} */ ({
  available: ["Available", "可用"],
  as_of: ["As of {age}", "数据时间：{age}"],
  barcodes: ["Barcodes", "条码"],
  customer: ["Customer", "客户"],
  everything: ["All fields", "全部字段"],
  fits: ["Fits", "适配"],
  from: ["from {quantity}", "{quantity} 起"],
  incoming: ["Incoming", "在途"],
  incoming_on: ["{quantity} on {date}", "{date} 到货 {quantity}"],
  no_price: ["There is no price for this.", "没有对应的价格。"],
  not_active: ["This product is no longer active.", "该商品已停用。"],
  not_sellable: ["This product is not for sale.", "该商品不可销售。"],
  on_hand: ["On hand", "现存"],
  price: ["Price", "价格"],
  price_for: ["Price for a customer", "客户价格"],
  quantity: ["Quantity", "数量"],
  replaced_by: ["Replaced by", "替代商品"],
  reserved: ["Reserved", "已预留"],
  steps: ["Prices by quantity", "数量价格"],
  stock: ["Stock", "库存"],
  stock_none: ["No stock is known.", "没有已知库存。"],
  unit: ["Unit", "单位"],
  units: ["Units", "单位换算"],
});

export const text = translator(TEXTS);
