"""Sentences about what a document says: the rules of its kind. Phone and server write them."""

TEXTS = {
    "reason.date_outside": (
        "must lie between {earliest:date} and {latest:date}, not {value:date}",
        "应在 {earliest:date} 与 {latest:date} 之间，而不是 {value:date}",
    ),
    "reason.line_number_twice": ("line {number} is there twice", "行号 {number} 重复"),
    "reason.not_sold_in_unit": (
        "is sold in {units}, not in {unit}",
        "的销售单位为 {units}，而不是 {unit}",
    ),
    "reason.unit_decimals": (
        "{unit} allows {decimals} or fewer decimals, not {quantity}",
        "计量单位“{unit}”最多 {decimals} 位小数，现为 {quantity}",
    ),
    "reason.unit_whole": (
        "{unit} allows whole numbers only, not {quantity}",
        "计量单位“{unit}”只能为整数，现为 {quantity}",
    ),
    "reason.not_address_of_customer": (
        "is not an address of customer {customer}",
        "不是客户 {customer} 的地址",
    ),
    "reason.order_customer_closed": (
        "{customer.name} is closed; the ERP accepts no order",
        "客户“{customer.name}”已停用，ERP 不接受订单",
    ),
    "reason.customer_blocked": (
        "{customer.name} is blocked for orders; the order will wait until somebody in the ERP decides",
        "客户“{customer.name}”已冻结下单，订单须等待 ERP 审核人决定",
    ),
    "reason.delivery_blocked": (
        "deliveries to {customer.name} are blocked",
        "客户“{customer.name}”已冻结发货",
    ),
    "reason.requested_before_order": (
        "{requested_date:date} is before the order date, {order_date:date}",
        "{requested_date:date} 早于订单日期 {order_date:date}",
    ),
    "reason.price_list_expired": (
        "the prices are from {price_list.name}, which was valid until {price_list.valid_to:date}",
        "价格取自“{price_list.name}”，该价格表已于 {price_list.valid_to:date} 失效",
    ),
    "reason.price_list_not_begun": (
        "the prices are from {price_list.name}, which is valid only from {price_list.valid_from:date}",
        "价格取自“{price_list.name}”，该价格表自 {price_list.valid_from:date} 起生效",
    ),
    "reason.credit_limit": (
        "{customer.name} exceeds the credit limit of {credit.limit} {currency}: {credit.exposure} are used"
        " and this order adds {total}",
        "客户“{customer.name}”超出信用额度 {credit.limit} {currency}："
        "已用 {credit.exposure}，本订单增加 {total}",
    ),
    "reason.not_sellable": ("{product.name} is not for sale", "商品“{product.name}”不可销售"),
    "reason.product_inactive": ("{product.name} is no longer active", "商品“{product.name}”已停用"),
    "reason.price_zero": ("the price of {product.name} is 0", "商品“{product.name}”的价格为 0"),
    "reason.forecast_customer_closed": ("{customer.name} is closed", "客户“{customer.name}”已停用"),
    "reason.month_outside": (
        "must be this month or one of the next {months}, not {value}",
        "应为本月或之后 {months} 个月之内，而不是 {value}",
    ),
    "reason.product_twice": ("is there twice; add the quantities", "重复，请合并数量"),
    "reason.customer_or_project": (
        "name the customer or the project it was for",
        "请填写客户或项目",
    ),
    "reason.receipt_above": (
        "{category} above {limit} {currency} needs a receipt",
        "“{category}”超过 {limit} {currency} 须附票据",
    ),
    "reason.limited_to": (
        "{category} is limited to {limit} {currency}; give a justification",
        "“{category}”限额为 {limit} {currency}，请填写超标说明",
    ),
    "reason.receipt_not_announced": (
        "{receipt} is not announced in `needs`",
        "票据 {receipt} 未在 `needs` 中列出",
    ),
    "reason.category_inactive": (
        "{category.name} is no longer used; choose another category",
        "费用类别“{category.name}”已停用，请选择其他费用类别",
    ),
    "reason.list_not_of_customer": (
        "the prices are not from the price list of the customer; the order will wait until the office decides",
        "价格并非取自该客户的价格表，订单须等待内勤决定",
    ),
    "reason.may_not_give_away": (
        "you may not give it away free of charge; the order will wait until the office decides",
        "您无权赠送该商品，订单须等待内勤决定",
    ),
    "reason.no_list_price": (
        "the customer's price list has no price for it in {currency};"
        " the order will wait until the office decides",
        "该客户的价格表中没有其 {currency} 价格，订单须等待内勤决定",
    ),
    "reason.below_limit": (
        "the price is below the lowest that you may grant; the order will wait until the office decides",
        "价格低于您的权限，订单须等待内勤决定",
    ),
    "reason.below_lowest": (
        "{price} is below {lowest} {currency}, the lowest price that you may grant: {why};"
        " the order will wait until the office decides",
        "{price} 低于您可给予的最低价 {lowest} {currency}：{why}，订单须等待内勤决定",
    ),
    "reason.list_price_and_discount": (
        "the list price is {amount}, and you may grant {discount} %",
        "标价为 {amount}，您可给予的折扣率为 {discount} %",
    ),
    "reason.minimum_price": ("the minimum price is {amount}", "最低价为 {amount}"),
    "reason.above_list": (
        "the price is above the list price; the order will wait until the office decides",
        "价格高于标价，订单须等待内勤决定",
    ),
    "reason.above_list_price": (
        "the price is above the list price, {amount} {currency}; the order will wait until the office decides",
        "价格高于标价 {amount} {currency}，订单须等待内勤决定",
    ),
}
