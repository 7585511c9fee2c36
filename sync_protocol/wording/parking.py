"""Why a document waits for a person: a label, and what the rep reads.

The meaning and the advice for the office stand in `backend/delivery/park_reasons.py`.
"""

TEXTS = {
    "park.transient": ("The ERP is not available", "ERP 暂不可用"),
    "park.transient.sentence": (
        "The ERP cannot accept it now. It is sent again automatically.",
        "ERP 暂时无法接收，系统会自动重新发送。",
    ),
    "park.unknown": ("No answer from the ERP", "ERP 无回复"),
    "park.unknown.sentence": (
        "It was sent, but the ERP did not answer. Satchel will look it up.",
        "已发送，但 ERP 未回复。系统会自动核实。",
    ),
    "park.reject_rep": ("Needs a correction", "需要更正"),
    "park.reject_rep.sentence": ("You can correct it and send it again.", "您可以更正后重新提交。"),
    "park.reject_office": ("Refused by the ERP", "ERP 拒收"),
    "park.reject_office.sentence": (
        "The ERP refused it. The office can see why and decides what to do.",
        "ERP 拒收该单据。内勤可查看原因并决定如何处理。",
    ),
    "park.config": ("The connection needs IT", "连接须由信息部门处理"),
    "park.config.sentence": (
        "Sending to the ERP is stopped until IT has corrected its settings. You need not do anything.",
        "发送到 ERP 已暂停，待信息部门更正设置。您无需操作。",
    ),
    "park.duplicate_ok": ("In the ERP already", "ERP 中已有"),
    "park.duplicate_ok.sentence": (
        "The ERP says that it has it already. Satchel will look it up.",
        "ERP 表示已有该单据，系统会自动核实。",
    ),
    "park.duplicate_bad": ("In the ERP more than once", "ERP 中重复"),
    "park.duplicate_bad.sentence": (
        "The ERP has it more than once; the office keeps one of them.",
        "ERP 中有重复单据，由内勤保留其中一张。",
    ),
    "park.number_conflict": ("One number for two documents", "单号重复"),
    "park.number_conflict.sentence": (
        "The ERP has given two documents one number; the office checks it.",
        "ERP 给两张单据分配了同一单号，由内勤核对。",
    ),
    "park.unlinked": ("Without its number", "已解除单号关联"),
    "park.unlinked.sentence": (
        "The number belonged to another document; the office decides.",
        "该单号属于另一张单据，由内勤决定。",
    ),
    "park.poison": ("Sending was interrupted", "发送中断"),
    "park.poison.sentence": (
        "Every attempt to send it was interrupted; the office checks it.",
        "多次发送均中断，由内勤核对。",
    ),
    "park.unknown_kind": ("Unknown kind", "未知单据类型"),
    "park.unknown_kind.sentence": (
        "This app is newer than the server; the office handles the document.",
        "应用版本高于服务器，由内勤处理该单据。",
    ),
    "park.change_request": ("Change request", "变更申请"),
    "park.change_request.sentence": ("The office handles your request.", "内勤正在办理您的申请。"),
    "park.approval": ("Prices need approval", "价格待审批"),
    "park.approval.sentence": (
        "Its prices are not those that you may grant; the office decides.",
        "价格超出您的权限，由内勤决定。",
    ),
    "park.original_missing": ("The original is missing", "缺少原单据"),
    "park.original_missing.sentence": (
        "It is about a document that the server has lost; the office looks for it in the ERP.",
        "该单据所涉及的原单据已在服务器上丢失，由内勤在 ERP 中查找。",
    ),
    "park.phone_missing": ("Another phone must sync", "须同步另一部手机"),
    "park.phone_missing.sentence": (
        "Another phone of yours may have changed it; sync that phone.",
        "您的另一部手机可能已修改该单据，请同步那部手机。",
    ),
    "park.unspecified": ("Waits for a person", "待人工处理"),
    "park.unspecified.sentence": ("The office decides what to do with it.", "由内勤决定如何处理。"),
}
