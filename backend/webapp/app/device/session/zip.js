/** Writes a zip file without compression: documents are small, and photos are compressed already. */

const TABLE = new Uint32Array(256);
for (let n = 0; n < 256; n++) {
  let value = n;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  TABLE[n] = value;
}
const encoder = new TextEncoder();
/** 1 January 1980, the first date of the format: the file's own names and contents are what counts. */
const DATE = 0x0021;
const NAMES_IN_UTF8 = 0x0800;

/**
 * Return a zip file with *files*: name and contents of each.
 *
 * @param {[string, Uint8Array][]} files
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function zip(files) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const [path, bytes] of files) {
    const name = encoder.encode(path);
    const local = header(0x04034b50, 30, bytes, name, 4);
    const central = header(0x02014b50, 46, bytes, name, 6);
    central.setUint16(4, 20, true);
    central.setUint32(42, offset, true);
    parts.push(local.buffer, name, bytes);
    directory.push(central.buffer, name);
    offset += local.byteLength + name.length + bytes.length;
  }
  const size = directory.reduce((sum, part) => sum + part.byteLength, 0);
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(8, files.length, true);
  end.setUint16(10, files.length, true);
  end.setUint32(12, size, true);
  end.setUint32(16, offset, true);
  const blob = new Blob(/** @type {BlobPart[]} */ ([...parts, ...directory, end.buffer]));
  return new Uint8Array(await blob.arrayBuffer());
}

/**
 * @param {number} signature
 * @param {number} length of the header
 * @param {Uint8Array} bytes
 * @param {Uint8Array} name
 * @param {number} at where the fields begin that both headers share
 */
function header(signature, length, bytes, name, at) {
  const view = new DataView(new ArrayBuffer(length));
  view.setUint32(0, signature, true);
  view.setUint16(at, 20, true);
  view.setUint16(at + 2, NAMES_IN_UTF8, true);
  view.setUint16(at + 8, DATE, true);
  view.setUint32(at + 10, crc32(bytes), true);
  view.setUint32(at + 14, bytes.length, true);
  view.setUint32(at + 18, bytes.length, true);
  view.setUint16(at + 22, name.length, true);
  return view;
}

/** @param {Uint8Array} bytes */
function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = (value >>> 8) ^ /** @type {number} */ (TABLE[(value ^ byte) & 0xff]);
  return (value ^ 0xffffffff) >>> 0;
}
