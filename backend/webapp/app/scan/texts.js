// The texts of the scanner: English, 简体中文.

import { translator } from "../texts/text.js";

/** @satisfies {Record<string, readonly [string, string]>} */
export const TEXTS = {
  ambiguous: ["Several products have the code {code}. Choose one.", "多个商品使用条码 {code}，请选择。"],
  failed: ["The code could not be read. Type it instead.", "无法读取条码，请手动输入。"],
  inactive: ["{name} is not sold any more.", "{name} 已停售。"],
  loading: ["Preparing the scanner…", "正在准备扫描…"],
  missing: [
    "The barcode reader is not on this phone yet. It is fetched once, when there is a network. Type the code instead.",
    "本机尚无条码识别程序，需在有网络时下载一次。请手动输入条码。",
  ],
  no_camera: [
    "The camera cannot be used here. Take a photo of the code, or type it.",
    "此处无法使用相机，请拍摄条码或手动输入。",
  ],
  no_code: [
    "There is no readable code in this photo. Go closer, and hold the phone still.",
    "照片中没有可识别的条码，请靠近并保持手机稳定。",
  ],
  not_a_photo: ["{name} is not a photo that this phone can read.", "{name} 不是本机可以读取的照片。"],
  photo: ["Photo of the code", "拍摄条码"],
  unknown: [
    "No product has the code {code}. Check it, or search by name.",
    "没有条码为 {code} 的商品，请核对或按名称搜索。",
  ],
  view: ["View of the camera", "相机画面"],
};

export const text = translator(TEXTS);
