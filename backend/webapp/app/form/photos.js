// Photos of receipts: shrunk on the phone. What the browser cannot read, such as HEIC on Android, is kept as it is.

const LONGEST_SIDE = 1600;
const QUALITY = 0.7;

/**
 * Return the bytes to store and a name for them.
 *
 * @param {File} file
 * @returns {Promise<{ bytes: Uint8Array<ArrayBuffer>, filename: string }>}
 */
export async function photoInput(file) {
  const shrunk = file.type.startsWith("image/") ? await shrink(file).catch(() => null) : null;
  const smaller = shrunk && shrunk.size < file.size ? shrunk : file;
  const filename = smaller === file ? file.name : `${file.name.replace(/\.\w+$/, "")}.jpg`;
  return { bytes: new Uint8Array(await smaller.arrayBuffer()), filename };
}

/** @param {File} file */
async function shrink(file) {
  const bitmap = await createImageBitmap(file);
  const factor = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(bitmap.width * factor);
  canvas.height = Math.round(bitmap.height * factor);
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return new Promise((/** @type {(blob: Blob | null) => void} */ resolve) => {
    canvas.toBlob(resolve, "image/jpeg", QUALITY);
  });
}
