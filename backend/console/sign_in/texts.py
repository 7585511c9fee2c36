"""The texts of the sign-in."""

TEXTS = {
    "title": ("Sign in", "登录"),
    "name": ("Name", "用户名"),
    "password": ("Password", "密码"),
    "code": ("One-time code, if you use one", "一次性验证码（如已启用）"),
    "code.help": (
        "Six digits of your authenticator app, or a recovery code.",
        "身份验证器中的六位数字，或恢复码。",
    ),
    "submit": ("Sign in", "登录"),
    "refused": (
        "Name, password or code is not right. If you have forgotten your password, ask IT.",
        "用户名、密码或验证码不正确。如忘记密码，请联系信息部门。",
    ),
    "wait": ("Too many attempts. Wait {minutes} minutes.", "尝试次数过多，请等待 {minutes} 分钟。"),
    "busy": ("Many people are signing in. Try again in a moment.", "登录人数较多，请稍后重试。"),
}
