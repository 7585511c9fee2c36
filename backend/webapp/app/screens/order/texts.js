// The texts of the order form and of its confirmation.

import { translator } from "../../texts/text.js";

export const TEXTS = /** @satisfies {Record<string, readonly [string, string]>} */ ({
  add: ["Add products", "添加商品"],
  added: ["Added: {name}", "已添加：{name}"],
  bought_before: ["Ordered before by this customer", "该客户曾订购"],
  captured: ["Captured, not yet confirmed", "已录入，尚未确认"],
  captured_what: [
    "This is what was captured. It is an order only when the company confirms it.",
    "此内容仅为录入内容，经公司确认后才成为正式订单。",
  ],
  choose_customer: ["Choose the customer first.", "请先选择客户。"],
  confirmation: ["Order confirmation", "订单确认页"],
  copied: ["Copied.", "已复制。"],
  details: ["Details", "明细"],
  discount: ["less {percent} %", "折扣 {percent} %"],
  fewer: ["One fewer", "减少一个"],
  incoming: ["{quantity} on {date}", "{date} 到货 {quantity}"],
  last_ordered: ["Last ordered {date}: {quantity} at {price}", "上次订购 {date}：{quantity}，单价 {price}"],
  line_total: ["Line total", "行合计"],
  lines: ["Lines", "行"],
  list_price: ["List price {price}", "标价 {price}"],
  more: ["One more", "增加一个"],
  more_fields: ["More about this order", "订单其他信息"],
  no_lines: ["No products yet.", "还没有商品。"],
  no_number: ["No number yet", "暂无编号"],
  not_shared: ["It could not be shared.", "无法分享。"],
  number: ["Number", "编号"],
  print: ["Print", "打印"],
  products: ["Products", "商品"],
  remove: ["Remove {product}", "删除 {product}"],
  rep: ["Captured by", "录入人"],
  share: ["Share", "分享"],
  stock_none: ["No stock is known.", "没有已知库存。"],
  to_outbox: ["To the outbox", "前往单据"],
  total: ["Total without tax", "不含税合计"],
  total_so_far: ["Total so far, without tax", "当前不含税合计"],
  warnings: ["Please note:", "请注意："],
});

export const text = translator(TEXTS);
