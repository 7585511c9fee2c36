// The texts of the page of a customer.

import { translator } from "../../texts/text.js";

export const TEXTS = /** @satisfies {Record<string, readonly [string, string]>} */ ({
  addresses: ["Addresses", "地址"],
  available: ["Still available", "可用额度"],
  contacts: ["Contacts", "联系人"],
  credit: ["Credit", "信用"],
  credit_exceeded: ["The credit limit is exceeded.", "已超出信用额度。"],
  credit_none: ["No credit limit is known.", "没有已知的信用额度。"],
  delivered: ["{done} of {all} delivered", "已交付 {done}，共 {all}"],
  documents: ["My documents", "我的单据"],
  due: ["due {date}", "{date} 到期"],
  everything: ["All fields", "全部字段"],
  is_blocked: ["Blocked for orders", "已冻结下单"],
  is_closed: ["This customer is closed.", "该客户已关闭。"],
  is_delivery_blocked: ["Deliveries are blocked", "已冻结发货"],
  is_replaced: ["This customer was merged into another.", "该客户已并入其他客户。"],
  limit: ["Limit", "额度"],
  many_days_overdue: ["overdue by {count} days", "逾期 {count} 天"],
  mail: ["Write to {address}", "发邮件至 {address}"],
  more: ["Show more", "显示更多"],
  notes: ["Notes", "备注"],
  oldest: ["Oldest due date", "最早到期日"],
  one_day_overdue: ["overdue by 1 day", "逾期 1 天"],
  open_invoice: ["open {amount}", "未付 {amount}"],
  open_items: ["Open items", "未清项"],
  open_nothing: ["Nothing is open.", "没有未清项。"],
  orders: ["Orders", "订单"],
  overdue: ["Overdue", "逾期"],
  planned: ["planned {date}", "计划 {date}"],
  as_of: ["As of {age}", "数据时间：{age}"],
  step_approval: ["Approval", "审批"],
  step_delivery: ["Delivery", "发货"],
  step_invoice: ["Invoice", "发票"],
  step_credit_note: ["Credit note", "红字发票"],
  step_ordered: ["Ordered", "已下单"],
  step_requested: ["Requested for", "要求交期"],
  tracking: ["Tracking {number}", "运单号 {number}"],
  used: ["Used", "已用"],
});

export const text = translator(TEXTS);
