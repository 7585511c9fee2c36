"""Sentences about the arrival of a document: its envelope, its versions, its receipts, its amendments."""

TEXTS = {
    "reason.names_itself": ("names the document itself", "引用了单据自身"),
    "reason.body_too_large": ("is larger than {bytes} bytes", "超过 {bytes} 字节"),
    "reason.hash_differs": ("is not the sha256 of the body", "与内容的 sha256 不符"),
    "reason.unknown_kind": ("{name} is not a kind this server knows", "服务器不支持单据类型 {name}"),
    "reason.id_reused": ("already names another document; both are kept", "已用于另一张单据，两张均已保留"),
    "reason.too_many_versions": (
        "It has more than {most} earlier versions; withdraw the document and capture it again",
        "已有 {most} 个以上的旧版本，请撤回单据后重新录入",
    ),
    "reason.replaced_already": (
        "A newer version has replaced the document already; edit that one",
        "该单据已由新版本替代，请修改新版本",
    ),
    "reason.is_in_erp": ("{document} is in the ERP already", "“{document}”已在 ERP 中"),
    "reason.may_be_in_erp": ("{document} may be in the ERP already", "“{document}”可能已在 ERP 中"),
    "reason.too_late_to_replace": (
        "{where}, so this version is not sent; ask the office with a change request",
        "{where}，本版本不会发送，请向内勤提交变更申请",
    ),
    "reason.too_late_to_withdraw": (
        "{where} and can no longer be withdrawn; ask the office with a change request",
        "{where}，已无法撤回，请向内勤提交变更申请",
    ),
    "reason.withdraw_newer": (
        "A newer version has replaced {document}; withdraw that one",
        "“{document}”已由新版本替代，请撤回新版本",
    ),
    "reason.withdrawal_without_document": (
        "The app does not say which document is withdrawn; report this fault of the app",
        "应用未说明撤回哪张单据，请反馈此问题",
    ),
    "reason.not_your_document": (
        "The document to change is not among your documents",
        "要变更的单据不在您的单据中",
    ),
    "reason.nothing_to_change_withdrawn": (
        "{document} was withdrawn, so there is nothing to change",
        "“{document}”已撤回，无需变更",
    ),
    "reason.nothing_to_change_cancelled": (
        "{document} was cancelled, so there is nothing to change",
        "“{document}”已取消，无需变更",
    ),
    "reason.change_newer": (
        "{document} was replaced by a newer version; ask for a change of that one",
        "“{document}”已由新版本替代，请对新版本提交变更申请",
    ),
    "reason.correct_rejected": (
        "{document} was rejected; correct it and capture it again",
        "“{document}”已退回，请更正后重新录入",
    ),
    "reason.not_sent_yet": (
        "{document} has not been sent to the ERP; withdraw it, or send an edited copy",
        "“{document}”尚未发送到 ERP，请撤回或提交修改后的单据",
    ),
    "reason.cancelled_there": ("{document} was cancelled in the ERP", "“{document}”已在 ERP 中取消"),
    "reason.delivery_begun": (
        "The delivery of {document} has begun; ask the office, because the goods may have to come back",
        "“{document}”已开始发货，商品可能须退回，请联系内勤",
    ),
    "reason.asks_change": (
        "The rep asks to change {document}: {message}",
        "业务员申请变更“{document}”：{message}",
    ),
    "reason.asks_cancel": (
        "The rep asks to cancel {document}: {message}",
        "业务员申请取消“{document}”：{message}",
    ),
    "reason.withdrawn_before_arrival": ("It was withdrawn before it arrived", "到达服务器之前已撤回"),
    "reason.newer_arrived_first": ("A newer version arrived before it", "新版本已先到达服务器"),
    "reason.withdrawn_by_rep": ("Withdrawn by the rep", "业务员已撤回"),
    "reason.waiting_for_receipt": ("Waiting for a receipt", "等待一张票据上传"),
    "reason.waiting_for_receipts": ("Waiting for {count} receipts", "等待 {count} 张票据上传"),
    "reason.receipts_unchecked": ("Waiting until its receipts are checked", "等待票据检查完成"),
    "reason.receipt_unusable": ("The receipt cannot be used: {why}", "票据不可用：{why}"),
    "reason.receipt_damaged": (
        "the file is damaged or of another type than it says; photograph the receipt again",
        "文件已损坏或类型不符，请重新拍摄票据",
    ),
    "reason.receipt_too_large": (
        "the picture or the PDF is too large; photograph the receipt with fewer megapixels",
        "图片或 PDF 过大，请降低分辨率拍摄票据",
    ),
    "reason.receipt_animated": (
        "the picture is animated; photograph the receipt again",
        "图片为动图，请重新拍摄票据",
    ),
    "reason.receipt_encrypted": (
        "the PDF is encrypted; photograph the receipt, or save the PDF without a password",
        "PDF 已加密，请拍摄票据，或另存为无密码的 PDF",
    ),
    "reason.receipt_active": (
        "the PDF contains a program or another active part; photograph the receipt instead",
        "PDF 含有程序或其他活动内容，请改为拍摄票据",
    ),
    "reason.receipt_empty": (
        "the PDF has no page; photograph the receipt instead",
        "PDF 没有页面，请改为拍摄票据",
    ),
    "reason.receipt_too_costly": (
        "the file could not be checked within the limits; photograph the receipt again",
        "文件超出检查限制，无法完成检查，请重新拍摄票据",
    ),
}
