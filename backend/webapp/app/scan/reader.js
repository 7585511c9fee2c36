/**
 * Reads codes in pictures: by the browser's own detector, which phones with Chrome have, else by the decoder, which
 * is fetched when it is first needed and kept by the service worker.
 */

/** @typedef {{ read: (picture: Picture) => Promise<string | null>, close: () => void }} Reader */
/** @typedef {HTMLVideoElement | ImageBitmap} Picture */

/** Formats that a detector must know; on phones without Google's services it exists and knows none. */
const NEEDED = ["ean_13", "code_128", "qr_code"];
/** Enough for a code that fills a third of the picture, and quick to read. */
const LONGEST_SIDE = 2000;

/** The decoder is not on this phone, and could not be fetched. */
export class DecoderMissing extends Error {}

/**
 * Return what reads codes here; the caller closes it.
 *
 * @returns {Promise<Reader>}
 * @throws {DecoderMissing}
 */
export async function openReader() {
  const Detector = Reflect.get(globalThis, "BarcodeDetector");
  const formats = (await Detector?.getSupportedFormats().catch(() => [])) ?? [];
  if (NEEDED.some((each) => !formats.includes(each))) return openDecoder();
  const detector = new Detector();
  return {
    read: async (picture) => (await detector.detect(picture))[0]?.rawValue ?? null,
    close: () => {},
  };
}

/** @returns {Promise<Reader>} */
async function openDecoder() {
  const worker = new Worker(new URL("./decoder_worker.js", import.meta.url), { type: "module" });
  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: unknown) => void }>} */
  const waiting = new Map();
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  let last = 0;
  const answered = (/** @type {number} */ id) =>
    new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
  worker.onmessage = ({ data: { id, text, error } }) => {
    if (error) waiting.get(id)?.reject(new Error(error));
    else waiting.get(id)?.resolve(text);
    waiting.delete(id);
  };
  const ready = answered(0);
  worker.onerror = (event) => {
    for (const { reject } of waiting.values()) reject(new Error(event.message));
    waiting.clear();
  };
  try {
    await ready;
  } catch (error) {
    worker.terminate();
    throw new DecoderMissing("the decoder could not be loaded", { cause: error });
  }
  return {
    read: async (picture) => {
      const image = context && pixels(canvas, context, picture);
      if (!image) return null;
      last += 1;
      const text = answered(last);
      worker.postMessage({ id: last, image }, [image.data.buffer]);
      return text;
    },
    close: () => worker.terminate(),
  };
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {CanvasRenderingContext2D} context
 * @param {Picture} picture
 * @returns {ImageData | null} Null if there is no picture yet.
 */
function pixels(canvas, context, picture) {
  const width = picture instanceof ImageBitmap ? picture.width : picture.videoWidth;
  const height = picture instanceof ImageBitmap ? picture.height : picture.videoHeight;
  if (width === 0 || height === 0) return null;
  const factor = Math.min(1, LONGEST_SIDE / Math.max(width, height));
  canvas.width = Math.max(1, Math.round(width * factor));
  canvas.height = Math.max(1, Math.round(height * factor));
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}
