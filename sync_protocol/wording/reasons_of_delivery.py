"""Sentences about the way of a document to the ERP, and what the office did with it."""

TEXTS = {
    "reason.no_answer": (
        "It was sent, but the ERP did not answer. Satchel will look it up.",
        "已发送，但 ERP 未回复。系统会自动核实。",
    ),
    "reason.duplicate_in_erp": (
        "The ERP has this document more than once; the office must keep one of them",
        "ERP 中有重复单据，须由内勤保留其中一张",
    ),
    "reason.missing_in_erp": (
        "The ERP had this document and no longer has it; the office must check it",
        "ERP 曾有该单据，现已没有，须由内勤核对",
    ),
    "reason.missing_on_hold": (
        "The ERP had it on hold and no longer has it; the office must check it",
        "该单据曾在 ERP 待审核，现已没有，须由内勤核对",
    ),
    "reason.two_numbers_in_erp": (
        "The ERP has this document under two numbers; the office must check it",
        "该单据在 ERP 中有两个单号，须由内勤核对",
    ),
    "reason.hidden_in_erp": (
        "The ERP says it has this document, but does not show it; the office must check it",
        "ERP 表示已有该单据但无法显示，须由内勤核对",
    ),
    "reason.number_of_another": (
        "The ERP has answered with {number}, the number of another document; the office must check it",
        "ERP 返回的单号 {number} 属于另一张单据，须由内勤核对",
    ),
    "reason.erp_unavailable": (
        "The ERP cannot accept it now. It is sent again automatically.",
        "ERP 暂时无法接收，系统会自动重新发送。",
    ),
    "reason.erp_has_it": (
        "The ERP says that it has it already. Satchel will look it up.",
        "ERP 表示已有该单据，系统会自动核实。",
    ),
    "reason.looks_up_state": (
        "The ERP already has it. Satchel will look up its state.",
        "ERP 已有该单据，系统会自动核实其状态。",
    ),
    "reason.sending_stopped": (
        "Sending to the ERP is stopped until IT has corrected its settings. You need not do anything.",
        "发送到 ERP 已暂停，待信息部门更正设置。您无需操作。",
    ),
    "reason.settings_do_not_fit": (
        "The ERP refuses it because of the settings of its connection; IT must correct them",
        "因连接设置问题 ERP 拒收，须由信息部门更正",
    ),
    "reason.refused_office_decides": (
        "The ERP refused it. The office can see why and decides what to do.",
        "ERP 拒收该单据。内勤可查看原因并决定如何处理。",
    ),
    "reason.refused_ask_office": (
        "The ERP refused it. Ask the office for the reason, then send a corrected copy.",
        "ERP 拒收该单据。请向内勤询问原因后提交更正后的单据。",
    ),
    "reason.refused": ("The ERP refused it", "ERP 拒收该单据"),
    "reason.refused_office_knows": ("was refused; the office can say why", "被拒收，原因请询问内勤"),
    "reason.refuses_to_continue": (
        "The ERP has begun it and refuses to continue: {sentence}",
        "ERP 已开始处理但拒绝继续：{sentence}",
    ),
    "reason.on_hold": ("The ERP has it on hold; a person there decides", "ERP 已接收，由 ERP 审核人决定"),
    "reason.handed_over": ("It was handed over; the ERP has not answered yet", "已移交，ERP 尚未回复"),
    "reason.accepted": ("The ERP has accepted it", "ERP 已接收"),
    "reason.waits_for_pick_up": (
        "waits until the ERP picks it up and acknowledges it",
        "等待 ERP 取走并确认",
    ),
    "reason.not_accepted_since": (
        "The ERP has not accepted it since {moment}. It is sent again automatically.",
        "自 {moment} 起 ERP 一直未接收，系统会自动重新发送。",
    ),
    "reason.cancelled_in_erp": ("It was cancelled in the ERP", "已在 ERP 中取消"),
    "reason.deleted_in_erp": (
        "It was deleted in the ERP and is not sent again",
        "已在 ERP 中删除，不再发送",
    ),
    "reason.deleted_in_erp_as": (
        "It was deleted in the ERP, as {number}, and is not sent again",
        "已在 ERP 中删除（单号 {number}），不再发送",
    ),
    "reason.erp_restored": (
        "The ERP was restored to an earlier state. Satchel will look up the document.",
        "ERP 已恢复到较早状态，系统会自动核实该单据。",
    ),
    "reason.lost_in_erp": (
        "The ERP has lost it, probably because a backup was restored; it is sent again",
        "ERP 丢失了该单据（可能因恢复备份），正在重新发送",
    ),
    "reason.total_differs": (
        "Its total in the ERP is {in_erp} {currency}, and the rep was shown {shown} {currency}.",
        "ERP 中的合计为 {in_erp} {currency}，业务员所见合计为 {shown} {currency}。",
    ),
    "reason.forecast_rounded_to_unit": (
        "The forecast of {product} was rounded to what the unit {unit} allows.",
        "商品“{product}”的预测数量已按计量单位“{unit}”取整。",
    ),
    "reason.forecast_rounded": (
        "The forecast of {product} was rounded to six decimals.",
        "商品“{product}”的预测数量已四舍五入至六位小数。",
    ),
    "reason.forecast_stored_otherwise": (
        "The ERP has stored another quantity of product {product} than it was sent.",
        "ERP 中商品 {product} 的数量与发送的不同。",
    ),
    "reason.interrupted": (
        "{count} attempts to send it were interrupted before the ERP replied",
        "{count} 次发送均在 ERP 回复前中断",
    ),
    "reason.checking": (
        "The server lost its newest data. Satchel asks the ERP whether it has this document already.",
        "服务器丢失了最新数据，系统正在核实 ERP 是否已有该单据。",
    ),
    "reason.merge_on_hold": (
        "The ERP has it on hold; the office decides",
        "ERP 已接收，由内勤决定",
    ),
    "reason.merge_refused": (
        "This customer was merged into another, and the ERP refuses the document for that one. Ask the office.",
        "该客户已合并至另一客户，ERP 拒收其单据。请联系内勤。",
    ),
    "reason.merge_later": ("The ERP has not accepted it yet; it is sent again", "ERP 尚未接收，系统会重新发送"),
    "reason.merge_stopped": (
        "Sending to the ERP is stopped until its settings are corrected",
        "发送到 ERP 已暂停，待更正设置",
    ),
    "reason.sent_for_survivor": (
        "Sent for {target}, into which {merged} was merged in the ERP",
        "{merged}已在 ERP 中合并至{target}，单据以后者名义发送",
    ),
    "reason.sent_for_survivor_address": (
        "Sent for {target}, into which {merged} was merged in the ERP;"
        " the delivery address belongs to the old one, so the ERP's default address is used",
        "{merged}已在 ERP 中合并至{target}，单据以后者名义发送；原收货地址不再适用，改用 ERP 默认地址",
    ),
    "reason.another_customer": ("another customer", "另一客户"),
    "reason.this_customer": ("this one", "该客户"),
    "reason.office_queued": ("The office sends it again", "内勤已重新发送"),
    "reason.office_recalled": ("The office has stopped it before it was sent", "内勤已在发送前将其撤回"),
    "reason.office_approved": ("The office has approved it", "内勤已批准"),
    "reason.office_cancelled": ("The office has cancelled it", "内勤已取消"),
    "reason.office_returned": ("The office has sent it back", "内勤已退回"),
    "reason.office_done": ("The office has done it", "内勤已办理"),
    "reason.office_linked": ("The office has linked it to {number}", "内勤已关联至单号 {number}"),
    "reason.office_linked_total": (
        "The office has linked it to {number}"
        " (Its total in the ERP is {in_erp} {currency}, and the rep was shown {shown} {currency})",
        "内勤已关联至单号 {number}（ERP 中的合计为 {in_erp} {currency}，业务员所见合计为 {shown} {currency}）",
    ),
    "reason.office_unlinked": (
        "The office has removed the link to {number}",
        "内勤已解除与单号 {number} 的关联",
    ),
    "reason.office_has_corrected": ("The office has corrected it", "内勤已更正该单据"),
    "reason.office_corrected": ("Corrected by the office", "内勤已更正"),
}
