"""Labels and sentences of the error codes of whole requests: what the rep reads when a sync fails."""

_APP = ("This is a fault of the app; report it.", "这是应用的问题，请反馈。")
_LATER = ("Try again later. Nothing is lost.", "请稍后重试，数据不会丢失。")
_ENROL = (
    "Connect this phone again with a code from the office. Your documents stay here.",
    "请用内勤提供的绑定码重新绑定本机，单据仍保留在本机。",
)
_AUTOMATIC = ("The app continues automatically.", "应用会自动继续。")
_OFFICE = ("This concerns the office, not the app.", "此错误与内勤有关，与本应用无关。")

_LABELS = {
    "token_missing": ("Not signed in", "未登录", _AUTOMATIC),
    "token_invalid": ("Sign-in not valid", "登录无效", _AUTOMATIC),
    "token_expired": ("Sign-in expired", "登录已过期", _AUTOMATIC),
    "refresh_invalid": ("Signed out", "登录已失效", _ENROL),
    "use_dpop_nonce": ("Sign-in must be confirmed", "须确认登录", _AUTOMATIC),
    "invalid_dpop_proof": ("Phone not recognised", "无法识别本机", _LATER),
    "device_revoked": (
        "This phone was disconnected", "本机已停用",
        (
            "The office has disconnected this phone; ask the office.",
            "内勤已停用本机，请联系内勤。",
        ),
    ),
    "enrolment_code_invalid": (
        "Code not valid", "绑定码无效",
        (
            "The code is unknown, used or expired. Ask the office for a new one.",
            "绑定码不存在、已使用或已过期，请向内勤索取新的绑定码。",
        ),
    ),
    "wipe_order_invalid": ("Unknown order", "未知指令", _AUTOMATIC),
    "not_json": ("Fault of the app", "应用错误", _APP),
    "envelope_invalid": ("Fault of the app", "应用错误", _APP),
    "body_too_large": ("Too much at once", "一次发送过多", _AUTOMATIC),
    "encoding_unsupported": ("Fault of the app", "应用错误", _APP),
    "body_damaged": ("Damaged on the way", "传输中损坏", _AUTOMATIC),
    "not_found": ("Not there", "不存在", _LATER),
    "method_not_allowed": ("Fault of the app", "应用错误", _APP),
    "rate_limited": ("Too many requests", "请求过于频繁", _AUTOMATIC),
    "quota_exceeded": (
        "Daily limit reached", "已达当日上限",
        ("Your documents are kept and sent tomorrow.", "单据已保留，明日自动发送。"),
    ),
    "internal": ("The server failed", "服务器出错", _LATER),
    "server_busy": ("The server is busy", "服务器繁忙", _AUTOMATIC),
    "unavailable": ("The server cannot answer", "服务器暂不可用", _LATER),
    "request_malformed": ("Fault of the app or the network", "应用或网络错误", _LATER),
    "request_timeout": ("Too slow", "请求超时", _AUTOMATIC),
    "uri_too_long": ("Fault of the app", "应用错误", _APP),
    "headers_too_large": ("Fault of the app or the network", "应用或网络错误", _LATER),
    "transfer_coding_unsupported": ("Fault of the app or the network", "应用或网络错误", _LATER),
    "cursor_invalid": ("Data must be fetched again", "须重新获取数据", _AUTOMATIC),
    "not_yet": ("The server is behind", "服务器数据未就绪", _AUTOMATIC),
    "epoch_changed": ("The server was restored", "服务器已恢复", _AUTOMATIC),
    "segment_gone": ("Part of the data has moved", "部分数据已变更", _AUTOMATIC),
    "range_beyond_end": ("Part of the data has moved", "部分数据已变更", _AUTOMATIC),
    "link_invalid": ("Link expired", "链接已失效", _AUTOMATIC),
    "offset_mismatch": ("Upload continues elsewhere", "上传位置不符", _AUTOMATIC),
    "digest_mismatch": ("Damaged on the way", "传输中损坏", _AUTOMATIC),
    "receipt_type": (
        "Not a receipt", "不是票据",
        ("Choose a JPEG, PNG, HEIC, WebP or PDF file.", "请选择 JPEG、PNG、HEIC、WebP 或 PDF 文件。"),
    ),
    "precondition": ("Fault of the app", "应用错误", _APP),
    "office_token_invalid": ("Office account not valid", "内勤账号无效", _OFFICE),
    "role_missing": ("Not allowed", "无权限", _OFFICE),
    "not_parked": ("Not waiting", "不在待处理状态", _OFFICE),
    "reserved_by_another": ("Reserved by somebody else", "他人正在处理", _OFFICE),
    "may_be_in_erp": ("May be in the ERP", "可能已在 ERP 中", _OFFICE),
    "linked_elsewhere": ("Linked to another document", "已关联其他单据", _OFFICE),
    "link_doubtful": ("May be another document", "可能是其他单据", _OFFICE),
    "not_in_erp": ("Not in the ERP", "不在 ERP 中", _OFFICE),
    "not_for_this": ("Not possible for this document", "该单据不支持此操作", _OFFICE),
    "body_refused": ("The correction is not valid", "更正内容无效", _OFFICE),
    "erp_unavailable": ("The ERP does not respond", "ERP 无响应", _OFFICE),
}  # fmt: skip
"""code → (English label, Chinese label, sentence)."""

TEXTS = {f"error.{code}": (en, zh) for code, (en, zh, _) in _LABELS.items()} | {
    f"error.{code}.sentence": sentence for code, (_, _, sentence) in _LABELS.items()
}
