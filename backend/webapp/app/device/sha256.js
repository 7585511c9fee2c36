/**
 * SHA-256 (FIPS 180-4) without waiting.
 *
 * `crypto.subtle.digest` answers by a promise, one per call. A first sync hashes 60,000 small rows, and a promise
 * for each costs more than the hash; inside a transaction of IndexedDB nothing but its own requests may be awaited.
 */

const ROUNDS = new Uint32Array(64);
const START = new Uint32Array(8);
const schedule = new Uint32Array(64);
const encoder = new TextEncoder();

/**
 * Return the first 32 bits of the fraction of *prime* raised to *root* (1/2 or 1/3).
 *
 * @param {number} prime
 * @param {number} root
 */
function fraction(prime, root) {
  const power = prime ** root;
  return ((power - Math.floor(power)) * 2 ** 32) >>> 0;
}

for (let candidate = 2, count = 0; count < 64; candidate++) {
  let isPrime = true;
  for (let divisor = 2; divisor * divisor <= candidate; divisor++) isPrime &&= candidate % divisor !== 0;
  if (!isPrime) continue;
  if (count < 8) START[count] = fraction(candidate, 1 / 2);
  ROUNDS[count++] = fraction(candidate, 1 / 3);
}

/**
 * Return the eight words of the sha256 of *bytes*.
 *
 * @param {Uint8Array} bytes
 * @returns {Uint32Array}
 */
export function sha256Words(bytes) {
  const state = START.slice();
  const whole = bytes.length - (bytes.length % 64);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < whole; at += 64) block(state, view, at);
  const rest = bytes.length - whole;
  const tail = new Uint8Array(rest < 56 ? 64 : 128);
  tail.set(bytes.subarray(whole));
  tail[rest] = 0x80;
  const end = new DataView(tail.buffer);
  end.setUint32(tail.length - 8, Math.floor(bytes.length / 2 ** 29));
  end.setUint32(tail.length - 4, (bytes.length << 3) >>> 0);
  for (let at = 0; at < tail.length; at += 64) block(state, end, at);
  return state;
}

/**
 * Return the sha256 of *data*, text in UTF-8, as 64 lower-case hexadecimal digits.
 *
 * @param {Uint8Array | string} data
 * @returns {string}
 */
export function sha256(data) {
  const words = sha256Words(typeof data === "string" ? encoder.encode(data) : data);
  return Array.from(words, (word) => word.toString(16).padStart(8, "0")).join("");
}

/**
 * @param {Uint32Array} state
 * @param {DataView} view
 * @param {number} at
 */
function block(state, view, at) {
  // `any`: every index below is within bounds, and a check of each would cost a third of the time.
  const w = /** @type {any} */ (schedule);
  const rounds = /** @type {any} */ (ROUNDS);
  const sum = /** @type {any} */ (state);
  for (let n = 0; n < 16; n++) w[n] = view.getUint32(at + n * 4);
  for (let n = 16; n < 64; n++) {
    const x = w[n - 15];
    const y = w[n - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[n] = (w[n - 16] + s0 + w[n - 7] + s1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = sum;
  for (let n = 0; n < 64; n++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const first = (h + s1 + ((e & f) ^ (~e & g)) + rounds[n] + w[n]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const second = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + second) | 0;
  }
  sum[0] += a;
  sum[1] += b;
  sum[2] += c;
  sum[3] += d;
  sum[4] += e;
  sum[5] += f;
  sum[6] += g;
  sum[7] += h;
}
