"""The texts of the console's frame and of its errors: English and simplified Chinese."""

TEXTS = {
    "console": ("Office", "内勤"),
    "skip": ("Skip to the content", "跳到正文"),
    "navigation": ("Pages", "页面"),
    "nav.start": ("Start", "首页"),
    "nav.documents": ("Documents", "单据"),
    "nav.account": ("My account", "我的账户"),
    "sign_out": ("Sign out", "退出登录"),
    "signed_in_as": ("Signed in as {name}", "已登录：{name}"),
    "error.title": ("This did not work", "操作未成功"),
    "error.forbidden": ("Your roles do not allow this.", "您的角色无权执行此操作。"),
    "error.forged": (
        "This page was too old, or the request came from elsewhere. Nothing was changed. Go back, load the page"
        " again, and repeat it.",
        "页面已过期，或请求来自其他网站，未做任何更改。请返回并重新加载页面后重试。",
    ),
    "error.not_found": (
        "There is nothing here, or it is not for your roles.",
        "此处没有内容，或您的角色无权查看。",
    ),
    "error.too_many": ("Too many attempts. Wait a few minutes.", "尝试次数过多，请过几分钟再试。"),
    "error.unavailable": (
        "The server cannot answer now. Try again in a moment.",
        "服务器暂时无法响应，请稍后重试。",
    ),
    "error.other": ("The server failed. Nothing was changed.", "服务器出错，未做任何更改。"),
    "error.request": ("For IT, the number of the request: {id}", "供信息部门查询的请求编号：{id}"),
    "error.back": ("To the start page", "返回首页"),
    "role.order_desk": ("Order desk", "订单处理"),
    "role.finance": ("Finance", "财务"),
    "role.planning": ("Production planning", "生产计划"),
    "role.purchasing": ("Purchasing", "采购"),
    "role.warehouse": ("Warehouse", "仓库"),
    "role.marketing": ("Marketing", "市场"),
    "role.service": ("Service", "售后服务"),
    "role.supervisor": ("Supervisor", "主管"),
    "role.it": ("IT", "信息部门"),
    "role.auditor": ("Auditor", "审计"),
}
