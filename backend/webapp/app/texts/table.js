// The texts of the app's own screens: English, 简体中文. A place in braces takes a value.

/** @satisfies {Record<string, readonly [string, string]>} */
export const TEXTS = {
  back: ["Back", "返回"],
  close: ["Close", "关闭"],
  loading: ["Loading…", "正在加载…"],
  no_answer: [
    "The server does not answer. Try again when you have a signal.",
    "服务器没有响应，请在有信号时重试。",
  ],
  places: ["Main navigation", "主导航"],
  undo: ["Undo", "撤销"],

  "badge.ended": ["Access ended", "本机已停用"],
  "badge.many_need_you": ["{count} need you", "{count} 项待您处理"],
  "badge.many_wait": ["{count} not sent", "{count} 项未发送"],
  "badge.never": ["Never synced", "从未同步"],
  "badge.no_network": ["No network", "无网络"],
  "badge.not_connected": ["Not connected", "未绑定"],
  "badge.one_needs_you": ["1 needs you", "1 项待您处理"],
  "badge.one_waits": ["1 not sent", "1 项未发送"],
  "badge.portal": ["Sign-in page", "网络需登录"],
  "badge.stuck": ["Stuck", "同步受阻"],
  "badge.synced": ["synced {age}", "{age}同步"],
  "badge.syncing": ["Syncing…", "正在同步…"],
  "badge.up_to_date": ["Up to date · {age}", "已是最新 · {age}"],

  "enrol.code": ["Code from the office", "内勤提供的绑定码"],
  "enrol.code_invalid": [
    "This code is unknown, used or expired. Ask the office for a new one.",
    "绑定码不存在、已使用或已过期，请向内勤索取新的绑定码。",
  ],
  "enrol.code_missing": ["Enter the code.", "请输入绑定码。"],
  "enrol.connect": ["Connect", "绑定"],
  "enrol.install_add": ["Choose “Add to Home Screen”.", "选择“添加到主屏幕”。"],
  "enrol.install_first": [
    "Install the app first: a browser tab may lose what you enter.",
    "请先安装应用：浏览器标签页可能丢失您输入的内容。",
  ],
  "enrol.install_open": [
    "Open Satchel from the home screen, and enter the code there.",
    "从主屏幕打开 Satchel，然后输入绑定码。",
  ],
  "enrol.install_share": ["Tap the share button of the browser.", "点按浏览器的分享按钮。"],
  "enrol.name": ["Name of this phone", "本机名称"],
  "enrol.name_usual": ["Phone", "手机"],
  "enrol.scan": ["Scan a code", "扫描二维码"],
  "enrol.title": ["Connect this phone", "绑定本机"],
  "enrol.too_many": ["Too many attempts. Wait a little.", "尝试次数过多，请稍后再试。"],
  "enrol.unsent": [
    "There are documents on this phone that are not sent. They are kept.",
    "本机上有尚未发送的单据，会继续保留。",
  ],
  "enrol.what": ["The office gives you a code that works once.", "内勤会给您一个一次性绑定码。"],

  "data.unreadable": [
    "The data on this phone could not be read. It is read again when you return to the app.",
    "无法读取本机数据，返回应用时会重新读取。",
  ],

  drafts: ["Drafts", "草稿"],

  "document.captured": ["Captured {when}", "录入于 {when}"],
  "document.dismiss": ["Do not send it", "不再发送"],
  "document.dismissed": ["It will not be sent.", "该单据不会发送。"],
  "document.gone": ["This document is not on this phone.", "本机上没有该单据。"],
  "document.number": ["Number in the ERP: {number}", "ERP 单号：{number}"],

  "error.again": ["Load again", "重新加载"],
  "error.details": ["Details for support", "技术支持详情"],
  "error.safe": ["What you saved is safe on this phone.", "您保存的内容仍在本机上。"],
  "error.title": ["Something failed", "出错了"],
  "error.what": ["This screen could not be shown.", "无法显示此页面。"],

  "first.begins": ["The first sync begins…", "首次同步即将开始…"],
  "first.progress": ["First sync: {done} of {all}.", "首次同步：{done} / {all}。"],
  "first.rest": ["First sync: almost done.", "首次同步：即将完成。"],
  "first.usable": ["You can begin already; the rest is still coming.", "现在即可开始使用，其余数据仍在下载。"],

  "form.add_line": ["Add a line", "添加一行"],
  "form.choose": ["Choose…", "请选择…"],
  "form.clear": ["Leave it empty", "留空"],
  "form.discard": ["Discard", "放弃"],
  "form.discarded": ["The draft was discarded.", "草稿已放弃。"],
  "form.faults": ["Please correct:", "请更正："],
  "form.gone": ["This draft has been sent or discarded.", "该草稿已发送或放弃。"],
  "form.kept": ["What you enter is kept on this phone as you type.", "您输入的内容会即时保存在本机上。"],
  "form.line": ["Line {number}", "第 {number} 行"],
  "form.line_removed": ["The line was removed.", "该行已删除。"],
  "form.none": ["—", "（无）"],
  "form.not_a_number": ["Enter a number, such as 3 or 0.5.", "请输入数字，例如 3 或 0.5。"],
  "form.remove_line": ["Remove line {number}", "删除第 {number} 行"],
  "form.save": ["Save", "保存"],
  "form.saved": [
    "Saved on this phone. It is sent when there is a network.",
    "已保存在本机上，有网络时自动发送。",
  ],
  "form.too_many_digits": ["This number has too many digits or decimals.", "该数字的位数或小数位过多。"],

  "list.more": [
    "These are the first {count}. Search to see others.",
    "仅显示前 {count} 条，请通过搜索查看其他记录。",
  ],
  "list.nothing": ["Nothing here yet.", "暂无内容。"],

  look_up: ["Look up", "查询"],

  new: ["New {what}", "新建{what}"],

  "not_found.title": ["Not found", "未找到"],
  "not_found.what": ["There is no such screen.", "没有这个页面。"],

  not_our_server: [
    "The answer did not come from our server. This may be a network with a sign-in page.",
    "响应并非来自我们的服务器，当前网络可能需要登录。",
  ],

  "outbox.connect": ["Enter the new code", "输入新的绑定码"],
  "outbox.ended": [
    "The office has ended this phone's access. What is not sent stays here; ask the office for a new code.",
    "内勤已停用本机。未发送的内容会保留在本机上，请向内勤索取新的绑定码。",
  ],
  "outbox.nothing": ["You have captured nothing yet.", "您还没有录入任何单据。"],
  "outbox.offline": [
    "Our server does not answer. Everything is kept, and sent later.",
    "服务器没有响应，内容已保存，稍后发送。",
  ],
  "outbox.phone": ["On this phone", "本机上"],
  "outbox.settled": ["Settled", "已完成"],
  "outbox.sync": ["Sync now", "立即同步"],
  "outbox.synced": ["Last sync {when}", "上次同步 {when}"],
  "outbox.trouble": [
    "The server answers, but the sync fails. Tell the office if this lasts.",
    "服务器有响应，但同步失败。如持续出现请联系内勤。",
  ],
  "outbox.way": ["On its way", "处理中"],

  "place.home": ["Home", "首页"],
  "place.outbox": ["Outbox", "单据"],
  "place.search": ["Search", "搜索"],
  "place.settings": ["Settings", "设置"],

  "record.gone": ["This record is not on this phone any more.", "本机上已没有该记录。"],

  "scan.barcode": ["Scan a barcode", "扫描条码"],

  search: ["Search", "搜索"],
  "search.hint": ["Type a part of a name, number or city.", "输入名称、编号或城市的一部分。"],
  "search.nothing": ["Nothing matches.", "没有匹配的结果。"],

  send: ["Send", "发送"],

  "settings.check": ["Look for a new version", "检查新版本"],
  "settings.diagnostics": ["Save diagnostics file", "保存诊断文件"],
  "settings.diagnostics_what": [
    "For support: it has versions, storage and errors, and no customer data.",
    "供技术支持使用：包含版本、存储和错误信息，不含客户数据。",
  ],
  "settings.help": ["Help", "帮助"],
  "settings.keep": ["Ask the browser to keep the data", "请求浏览器保留数据"],
  "settings.kept": ["The browser keeps this data.", "浏览器会保留这些数据。"],
  "settings.language": ["Language", "语言"],
  "settings.licenses": ["Licences of libraries", "开源软件许可"],
  "settings.not_kept": [
    "The browser may delete this data when the phone runs out of space. Install the app on the home screen.",
    "空间不足时浏览器可能删除这些数据。请将应用安装到主屏幕。",
  ],
  "settings.repair": ["Repair the app", "修复应用"],
  "settings.repair_what": [
    "If the app does not work, repair it. Documents that are not sent are kept.",
    "如果应用无法使用：修复不会删除未发送的单据。",
  ],
  "settings.storage": ["Storage", "存储"],
  "settings.storage_use": ["{used} used, {free} free", "已用 {used}，可用 {free}"],
  "settings.sync_failed": ["It did not finish.", "未完成。"],
  "settings.syncs": ["Recent syncs", "最近同步"],
  "settings.theme": ["Appearance", "外观"],
  "settings.version": ["Version", "版本"],
  "settings.wifi_only": ["Send photos of receipts over Wi-Fi only", "仅通过 Wi-Fi 发送票据照片"],
  "settings.wifi_only_unknown": [
    "This browser does not say whether it uses Wi-Fi: with this choice, photos wait until you choose “Send now” at the document.",
    "此浏览器不提供网络类型：选择此项后，照片会等待您在单据中点按“立即发送”。",
  ],
  "settings.wifi_only_what": ["Documents are always sent at once.", "单据始终会立即发送。"],

  "stage.dismissed": ["Not sent, as you decided", "已按您的决定不发送"],
  "stage.on_device": ["On this phone", "本机上"],
  "stage.on_device_what": ["It is sent when there is a network.", "有网络时会自动发送。"],
  "stage.quarantined": ["Kept for the office", "留待内勤处理"],
  "stage.refused": ["Refused: correct it", "已退回，请更正"],
  "stage.suspicious": ["Cannot be sent: tell the office", "无法发送，请联系内勤"],
  "stage.too_large": ["Too large to be sent", "过大，无法发送"],

  "theme.dark": ["Dark", "深色"],
  "theme.light": ["Light", "浅色"],
  "theme.system": ["Same as the phone", "跟随系统"],

  "time.now": ["just now", "刚刚"],

  "update.coming": ["A new version is being fetched.", "正在获取新版本。"],
  "update.failed": [
    "The new version cannot start now. This one works on; close all windows of the app to use the new one.",
    "新版本暂时无法启动，当前版本继续使用；关闭应用的所有窗口后即可使用新版本。",
  ],
  "update.later": [
    "A new version is ready. It is used when you have finished here.",
    "新版本已就绪，完成当前操作后使用。",
  ],
  "update.loading": ["Loading the new version…", "正在加载新版本…"],
  "update.newest": ["This is the newest version.", "当前已是最新版本。"],
  "update.ready": ["A new version is ready.", "新版本已就绪。"],
  "update.use": ["Use it now", "立即使用"],
};
