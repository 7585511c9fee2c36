/**
 * Reads codes in pictures, where the browser has no detector of its own.
 *
 * A worker, because only its file is allowed to compile WebAssembly, and because a picture takes up to a tenth of a
 * second. The window sends {id, image} and gets {id, text} or {id, error}; {id: 0} says that the decoder is ready.
 * A library that cannot be fetched is an error of the worker itself.
 */

import { prepareZXingModule, readBarcodes } from "../vendor/zxing/reader/index.js";

const WASM = new URL("../vendor/zxing/zxing_reader.wasm", import.meta.url).href;
/** What is printed on goods and shelves, and the office's enrolment code. */
const FORMATS = /** @type {const} */ ([
  "EAN13",
  "EAN8",
  "UPCA",
  "UPCE",
  "Code128",
  "Code39",
  "ITF",
  "DataMatrix",
  "QRCode",
]);

// The library's default is a public server.
prepareZXingModule({ overrides: { locateFile: () => WASM }, fireImmediately: true }).then(
  () => postMessage({ id: 0 }),
  (error) => postMessage({ id: 0, error: String(error) }),
);

addEventListener("message", async ({ data: { id, image } }) => {
  try {
    const found = await readBarcodes(image, {
      formats: [...FORMATS],
      textMode: "Plain",
      maxNumberOfSymbols: 1,
    });
    postMessage({ id, text: found[0]?.text ?? null });
  } catch (error) {
    postMessage({ id, error: String(error) });
  }
});
