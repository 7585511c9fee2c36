"""Sentences about what a document waits for: another document, a phone, a receipt, or the ERP for too long."""

TEXTS = {
    "reason.waits_not_arrived": (
        "Waits for document {document}, which has not arrived yet",
        "等待单据 {document}，该单据尚未到达",
    ),
    "reason.waits_not_accepted": (
        "Waits for document {document}, which the ERP has not accepted yet",
        "等待单据 {document}，ERP 尚未接收该单据",
    ),
    "reason.waits_rejected": (
        "Waits for document {document}, which was rejected; correct that one first",
        "等待单据 {document}，该单据已退回，请先更正",
    ),
    "reason.waits_parked": (
        "Waits for document {document}, which is parked; the office must settle that one first",
        "等待单据 {document}，该单据须先由内勤处理",
    ),
    "reason.waits_cancelled": (
        "Waits for document {document}, which was cancelled",
        "等待单据 {document}，该单据已取消",
    ),
    "reason.waits_withdrawn": (
        "Waits for document {document}, which was withdrawn",
        "等待单据 {document}，该单据已撤回",
    ),
    "reason.waits_superseded": (
        "Waits for document {document}, which was replaced",
        "等待单据 {document}，该单据已被替代",
    ),
    "reason.since": ("{sentence} since {moment}", "{sentence}（自 {moment} 起）"),
    "reason.waits_for_lost": (
        "Waits for document {document}, which has not come back since the server lost its newest data",
        "等待单据 {document}，服务器丢失最新数据后该单据尚未重新提交",
    ),
    "reason.about_lost": (
        "It is about document {document}, which the server has lost and no phone has sent again",
        "它涉及单据 {document}，服务器已丢失该单据，且没有手机重新提交",
    ),
    "reason.waits_for_phones": (
        "Waits for {phones}, which may have replaced or withdrawn it before the server lost its newest data",
        "等待{phones}同步，服务器丢失最新数据之前它可能已替代或撤回该单据",
    ),
    "reason.phones_not_synced": (
        "It may have been replaced or withdrawn on {phones}, which has not synced for a long time",
        "该单据可能已在{phones}上被替代或撤回，且该手机长时间未同步",
    ),
    "reason.phone": ("the phone {name}", "手机“{name}”"),
    "reason.phones": ("the phones {names}", "手机“{names}”"),
    "reason.phones_and_more": ("the phones {names} and {more} more", "手机“{names}”及另外 {more} 部手机"),
    "reason.handed_over_on": (
        "Handed over on {moment}; the ERP has not answered yet",
        "已于 {moment} 移交，ERP 尚未回复",
    ),
    "reason.unchecked_since": (
        "It has waited since {moment} to be checked with the ERP",
        "自 {moment} 起等待与 ERP 核实",
    ),
    "reason.unchecked_since_stopped": (
        "It has waited since {moment} to be checked with the ERP, because sending is stopped",
        "因发送已暂停，自 {moment} 起等待与 ERP 核实",
    ),
    "reason.kind_not_received": (
        "The ERP cannot receive this kind of document yet; IT has been told",
        "ERP 尚不能接收此类单据，已通知信息部门",
    ),
    "reason.stopped_since": (
        "It has waited since {moment} because sending to the ERP is stopped",
        "因发送到 ERP 已暂停，自 {moment} 起等待",
    ),
    "reason.queued_since": (
        "It has been queued since {moment} and has not been sent yet",
        "自 {moment} 起待发送，至今未发送",
    ),
    "reason.receipts_unchecked_since": (
        "Its receipts have waited to be checked since {moment}; is a worker running?",
        "票据自 {moment} 起等待检查，请确认后台进程在运行",
    ),
    "reason.receipt_not_arrived": (
        "One of its receipts has not arrived since {moment}: open the app while it is online,"
        " so that it can send what is missing, or send the document again without it",
        "自 {moment} 起缺少一张票据：请联网打开应用以补传，或去掉票据后重新提交单据",
    ),
    "reason.receipts_not_arrived": (
        "{count} of its receipts have not arrived since {moment}: open the app while it is online,"
        " so that it can send what is missing, or send the document again without it",
        "自 {moment} 起缺少 {count} 张票据：请联网打开应用以补传，或去掉票据后重新提交单据",
    ),
}
