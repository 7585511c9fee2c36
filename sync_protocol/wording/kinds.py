"""The names of the kinds of documents, and who receives them."""

TEXTS = {
    "kind.change_request": ("Change request", "变更申请"),
    "kind.change_request.help": (
        "Ask the office to change or cancel a document that is in the ERP.",
        "请内勤变更或取消 ERP 中的单据。",
    ),
    "kind.expense_claim": ("Expense claim", "报销单"),
    "kind.expense_claim.help": (
        "Expenses for a customer or a project, with receipts.",
        "为客户或项目发生的费用，附票据。",
    ),
    "kind.forecast": ("Forecast", "销售预测"),
    "kind.forecast.help": (
        "What you expect to sell in a month, by product and warehouse.",
        "预计某月各仓库各商品的销量。",
    ),
    "kind.order": ("Order", "订单"),
    "kind.order.help": ("A sales order.", "销售订单。"),
    "kind.withdrawal": ("Withdrawal", "撤回"),
    "kind.withdrawal.help": (
        "Take back a document that has not been sent to the ERP.",
        "撤回尚未发送到 ERP 的单据。",
    ),
    "owner.rep": ("you", "您"),
    "owner.office": ("the office", "内勤"),
    "owner.it": ("IT", "信息部门"),
    "owner.erp": ("somebody in the ERP", "ERP 审核人"),
    "word.yes": ("Yes", "是"),
    "word.no": ("No", "否"),
    "word.and": (" and ", "和"),
    "word.comma": (", ", "、"),
    "word.semicolon": ("; ", "；"),
    "word.line": ("Line {number}", "第 {number} 行"),
    "word.required": ("Required", "必填"),
    "word.optional": ("Optional", "选填"),
    "word.unknown": ("Unknown", "未知"),
}
