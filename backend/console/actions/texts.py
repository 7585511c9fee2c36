"""The texts of the actions on a document, and of their refusals."""

TEXTS = {
    "title": ("Refused", "操作被拒绝"),
    "nothing": ("Nothing was changed.", "未做任何更改。"),
    "back": ("Back to the document", "返回单据"),
}
