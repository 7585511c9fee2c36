"""The names of collections: all records, one record, and what they are."""

TEXTS = {
    "collection.contacts": ("Contacts", "联系人"),
    "collection.contacts.item": ("Contact", "联系人"),
    "collection.contacts.help": (
        "Contact persons of customers, with phone numbers and e-mail addresses.",
        "客户的联系人及其电话和邮箱。",
    ),
    "collection.credit": ("Credit", "信用额度"),
    "collection.credit.item": ("Credit", "信用额度"),
    "collection.credit.help": (
        "Credit limit, used credit and overdue amount of a customer.",
        "客户的信用额度、已用额度和逾期金额。",
    ),
    "collection.customers": ("Customers", "客户"),
    "collection.customers.item": ("Customer", "客户"),
    "collection.customers.help": (
        "Customers that you may visit, with their addresses.",
        "您负责的客户及其地址。",
    ),
    "collection.expense_categories": ("Expense categories", "费用类别"),
    "collection.expense_categories.item": ("Expense category", "费用类别"),
    "collection.expense_categories.help": (
        "Categories of expenses, with the limits of the expense policy.",
        "费用类别及其报销标准。",
    ),
    "collection.freshness": ("Age of the data", "数据更新时间"),
    "collection.freshness.item": ("Age of the data", "数据更新时间"),
    "collection.freshness.help": (
        "When each kind of data was last read completely from the ERP.",
        "各类数据最近一次从 ERP 完整读取的时间。",
    ),
    "collection.orders": ("Orders", "订单"),
    "collection.orders.item": ("Order", "订单"),
    "collection.orders.help": (
        "Orders in the ERP, with deliveries and invoices.",
        "ERP 中的订单及其发货和开票情况。",
    ),
    "collection.price_limits": ("Price authority", "价格权限"),
    "collection.price_limits.item": ("Price authority", "价格权限"),
    "collection.price_limits.help": (
        "What you may grant in an order; the office decides about orders beyond that.",
        "您在订单中可给予的优惠；超出权限的订单由内勤决定。",
    ),
    "collection.price_lists": ("Price lists", "价格表"),
    "collection.price_lists.item": ("Price list", "价格表"),
    "collection.price_lists.help": (
        "Lists of prices; each customer has one.",
        "各类价格表；每个客户适用其中一份。",
    ),
    "collection.prices": ("Prices", "价格"),
    "collection.prices.item": ("Price", "价格"),
    "collection.prices.help": (
        "Prices by price list, product, unit and minimum quantity.",
        "按价格表、商品、计量单位和起订量列出的价格。",
    ),
    "collection.products": ("Products", "商品"),
    "collection.products.item": ("Product", "商品"),
    "collection.products.help": (
        "What can be ordered: products, spare parts and promotional goods.",
        "可订购的商品，包括备件和促销品。",
    ),
    "collection.receivables": ("Receivables", "应收款"),
    "collection.receivables.item": ("Receivable", "应收款"),
    "collection.receivables.help": (
        "Open items of a customer, and payments received.",
        "客户的未结应收款和收款记录。",
    ),
    "collection.stock_levels": ("Stock", "库存"),
    "collection.stock_levels.item": ("Stock", "库存"),
    "collection.stock_levels.help": (
        "Stock by product and warehouse, as it was when it was read.",
        "各仓库的商品库存，以读取时为准。",
    ),
    "collection.submissions": ("My documents", "我的单据"),
    "collection.submissions.item": ("Document", "单据"),
    "collection.submissions.help": (
        "The documents that you captured, with their states.",
        "您录入的单据及其状态。",
    ),
    "collection.units": ("Units", "计量单位"),
    "collection.units.item": ("Unit", "计量单位"),
    "collection.units.help": ("Units in which goods are counted.", "商品的计量单位。"),
    "collection.warehouses": ("Warehouses", "仓库"),
    "collection.warehouses.item": ("Warehouse", "仓库"),
    "collection.warehouses.help": ("Where goods come from.", "商品的发货仓库。"),
}
