// The texts of receipts: English, 简体中文.

import { translator } from "../texts/text.js";

/** @satisfies {Record<string, readonly [string, string]>} */
export const TEXTS = {
  add: ["Choose a file", "选择文件"],
  damaged: [
    "{name} is damaged. Take the photo again, or choose another file.",
    "{name} 已损坏，请重新拍照或选择其他文件。",
  ],
  encrypted: [
    "{name} needs a password. Save the PDF without one, or take a photo.",
    "{name} 设有密码，请另存为无密码的 PDF 或拍照。",
  ],
  gone: ["It is not on this phone any more.", "本机上已没有该票据。"],
  name: ["Receipt {number}", "票据 {number}"],
  not_readable: [
    "{name} is neither a photo nor a PDF. Choose another file.",
    "{name} 既不是照片也不是 PDF，请选择其他文件。",
  ],
  not_sent: ["not sent yet", "尚未发送"],
  not_shown: [
    "This phone cannot show {name}. The original is kept, and the office can open it.",
    "本机无法显示 {name}，原文件会保留，内勤可以查看。",
  ],
  open_pdf: ["Open the PDF", "打开 PDF"],
  pdf_too_large: [
    "{name} has {size}; a PDF may have {limit}. Save it with smaller pictures, or take a photo.",
    "{name} 为 {size}，PDF 最大为 {limit}，请缩小其中的图片或拍照。",
  ],
  refused: ["It cannot be sent. Choose it again.", "无法发送，请重新选择。"],
  remove: ["Remove receipt {number}", "删除票据 {number}"],
  sent: ["sent", "已发送"],
  show: ["Show receipt {number}", "查看票据 {number}"],
  take_photo: ["Take a photo", "拍照"],
  too_large: [
    "{name} is too large ({size}). Take a photo with fewer megapixels.",
    "{name} 过大（{size}），请用较低像素拍照。",
  ],
  twice: ["This receipt has been added already.", "该票据已添加。"],
  used: ["This receipt is already used in: {where}", "该票据已用于：{where}"],
};

export const text = translator(TEXTS);
