"""Sentences about the value of one field: of the wrong type, out of its bounds, or without its record."""

TEXTS = {
    "reason.json_object": ("must be a JSON object", "应为 JSON 对象"),
    "reason.required": ("is required", "不能为空"),
    "reason.unknown_field": ("is not a field of this record", "不是该单据的字段"),
    "reason.more_faults": ("more faults of this document: {count}", "该单据另有 {count} 处错误"),
    "reason.blank": ("must not be empty", "不能为空"),
    "reason.invalid_text": (
        "must be text of at most {longest} characters, not {value}",
        "应为不超过 {longest} 个字符的文本，而不是 {value}",
    ),
    "reason.too_long": (
        "must be text of at most {longest} characters; it has {length}",
        "最多 {longest} 个字符，现有 {length} 个",
    ),
    "reason.control_character": (
        "must have no control characters; it contains {character}",
        "不能含有控制字符，其中有 {character}",
    ),
    "reason.invalid_key": (
        "must be a key of 1 to 64 printable characters without spaces, not {value}",
        "编号应为 1 至 64 个可见字符且不含空格，而不是 {value}",
    ),
    "reason.invisible_in_key": (
        "must be a key of 1 to 64 printable characters without spaces, not {value}, which contains {character}",
        "编号应为 1 至 64 个可见字符且不含空格，而 {value} 含有 {character}",
    ),
    "reason.invalid_ulid": ("must be a ULID of 26 characters, not {value}", "应为 26 位 ULID，而不是 {value}"),
    "reason.invalid_sha256": (
        "must be a sha256 of 64 hexadecimal digits, not {value}",
        "应为 64 位十六进制 sha256，而不是 {value}",
    ),
    "reason.invalid_hash": (
        "must be a hash of 16 hexadecimal digits, not {value}",
        "应为 16 位十六进制校验值，而不是 {value}",
    ),
    "reason.invalid_receipt": (
        "must be a receipt, as sha256: and 64 hexadecimal digits, not {value}",
        "应为票据（sha256: 加 64 位十六进制数），而不是 {value}",
    ),
    "reason.invalid_instant": (
        "must be a moment in UTC such as 2026-11-23T08:43:13Z, not {value}",
        "应为 UTC 时间，例如 2026-11-23T08:43:13Z，而不是 {value}",
    ),
    "reason.invalid_date": (
        "must be a date such as 2026-11-23, not {value}",
        "应为日期，例如 2026-11-23，而不是 {value}",
    ),
    "reason.invalid_month": (
        "must be a month such as 2026-12, not {value}",
        "应为月份，例如 2026-12，而不是 {value}",
    ),
    "reason.year_range": (
        "must lie between the years {earliest} and {latest}",
        "年份应在 {earliest} 与 {latest} 之间",
    ),
    "reason.invalid_money": (
        'must be an amount as text with a decimal point, such as "12.50", not {value}',
        "应为带小数点的金额，例如“12.50”，而不是 {value}",
    ),
    "reason.invalid_quantity": (
        'must be a quantity as text with a decimal point, such as "3" or "0.5", not {value}',
        "应为数量，例如“3”或“0.5”，而不是 {value}",
    ),
    "reason.invalid_percent": (
        'must be a percentage as text, such as "2.5", not {value}',
        "应为百分比，例如“2.5”，而不是 {value}",
    ),
    "reason.above": ("must be more than {bound}, not {value}", "应大于 {bound}，而不是 {value}"),
    "reason.at_least": ("must be at least {bound}, not {value}", "不能小于 {bound}，现为 {value}"),
    "reason.at_most": ("must be at most {bound}, not {value}", "不能大于 {bound}，现为 {value}"),
    "reason.invalid_currency": (
        "must be a currency code of three capital letters, such as EUR, not {value}",
        "应为三位大写字母的币种代码，例如 CNY，而不是 {value}",
    ),
    "reason.invalid_country": (
        "must be a country code of two capital letters, such as DE, not {value}",
        "应为两位大写字母的国家代码，例如 CN，而不是 {value}",
    ),
    "reason.invalid_choice": ("must be one of {choices}, not {value}", "应为 {choices} 之一，而不是 {value}"),
    "reason.invalid_count": (
        "must be a whole number from {least} to {most}, not {value}",
        "应为 {least} 至 {most} 的整数，而不是 {value}",
    ),
    "reason.invalid_flag": ("must be true or false, not {value}", "应为“是”或“否”，而不是 {value}"),
    "reason.too_many_items": (
        "must have at most {most} items; it has {length}",
        "最多 {most} 项，现有 {length} 项",
    ),
    "reason.too_few_items": (
        "must have {least} or more items; it has {length}",
        "至少 {least} 项，现有 {length} 项",
    ),
    "reason.currency_decimals": (
        "must have at most {decimals} decimals in {currency}, not {amount}",
        "{currency} 金额最多 {decimals} 位小数，现为 {amount}",
    ),
    "reason.currency_whole": (
        "must have no decimals in {currency}, not {amount}",
        "{currency} 金额不能有小数，现为 {amount}",
    ),
    "reason.unknown_record": (
        "{key} is not among your {collection:collection}",
        "{key} 不在您的“{collection:collection}”中",
    ),
    "reason.at_place": ("{field:field}: {sentence}", "{field:field}：{sentence}"),
    "reason.several": ("{sentences}", "{sentences}"),
    "reason.sentence_then": ("{first} {second}", "{first}{second}"),
    "reason.clause_then": ("{first}. {second}", "{first}。{second}"),
    "reason.with_why": ("{sentence}: {why}", "{sentence}：{why}"),
}
