// The smallest app of one's own in a browser: it speaks the wire with what every browser has. The test calls
// the functions of `app`; each answers with what a page could see of the reply.

const text = new TextEncoder();
const hex = (bytes) => [...new Uint8Array(bytes)].map((b) => b.toString(16).padStart(2, "0")).join("");
const sha256 = async (bytes) => hex(await crypto.subtle.digest("SHA-256", bytes));

let server = "";
let token = "";

async function ask(method, path, { headers = {}, body } = {}) {
  const auth = token ? { Authorization: `Bearer ${token}` } : {};
  const reply = await fetch(server + path, { method, headers: { ...auth, ...headers }, body, cache: "no-store" });
  const type = reply.headers.get("Content-Type") ?? "";
  const bytes = await reply.arrayBuffer();
  const value = type.includes("json") ? JSON.parse(new TextDecoder().decode(bytes)) : null;
  return { status: reply.status, headers: Object.fromEntries(reply.headers), value, bytes };
}

// The records of a segment, as docs/protocol.md reads them.
function column(of) {
  if (typeof of === "string") return of.split("|").map((piece) => piece || null);
  if (Array.isArray(of)) return of;
  if (of.table) return rows(of.table);
  if (of.lengths) {
    const items = column(of.items);
    let at = 0;
    return of.lengths.map((length) => items.slice(at, (at += length)));
  }
  let text = "";
  return of.rest.split("|").map((rest, n) => (text = text.slice(0, of.shared[n]) + rest));
}

function rows(columns) {
  const fields = Object.entries(columns).map(([name, of]) => [name, column(of)]);
  return fields[0][1].map((_, n) => Object.fromEntries(fields.map(([name, values]) => [name, values[n]])));
}

function records(segment) {
  const found = rows(segment.columns);
  for (const [name, absent] of Object.entries(segment.absent)) for (const n of absent) delete found[n][name];
  return found;
}

const seen = ({ status, headers, value }) => ({ status, headers, value });

async function gzipped(value) {
  const packed = new Blob([JSON.stringify(value)]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Response(packed).arrayBuffer();
}

const json = { "Content-Type": "application/json" };

const base64url = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

// A proof that this page has the private key (DPoP, RFC 9449); its time is that of the server's nonce.
async function proof(keys, jwk, path, nonce) {
  const iat = nonce ? Number(nonce.split(".")[0]) : Math.floor(Date.now() / 1000);
  const payload = { jti: crypto.randomUUID(), htm: "POST", htu: server + path, iat, ...(nonce ? { nonce } : {}) };
  const parts = [{ typ: "dpop+jwt", alg: "EdDSA", jwk }, payload];
  const signed = parts.map((part) => base64url(text.encode(JSON.stringify(part)))).join(".");
  return `${signed}.${base64url(await crypto.subtle.sign("Ed25519", keys.privateKey, text.encode(signed)))}`;
}

window.app = {
  async enrol(address, code) {
    server = address;
    const pair = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
    const { kty, crv, x } = await crypto.subtle.exportKey("jwk", pair.publicKey);
    const jwk = { kty, crv, x };
    const body = JSON.stringify({ code, public_key: jwk, device_name: "browser" });
    const send = async (nonce) =>
      ask("POST", "/v1/enrol", { headers: { ...json, DPoP: await proof(pair, jwk, "/v1/enrol", nonce) }, body });
    let reply = await send(null);
    if (reply.value?.code === "use_dpop_nonce") reply = await send(reply.headers["dpop-nonce"]);
    token = reply.value.access_token;
    return seen(reply);
  },

  async pull(cursor, etag, revision = 1) {
    const query = new URLSearchParams({ schema: revision, ...(cursor ? { cursor } : {}) });
    return seen(await ask("GET", `/v1/pull?${query}`, { headers: etag ? { "If-None-Match": etag } : {} }));
  },

  // `body` has its names in canonical order already.
  async push(id, kind, body) {
    const digest = await sha256(text.encode(JSON.stringify(body)));
    const submission = { id, kind, captured_at: "2026-11-23T08:00:00Z", schema: 1, body, sha256: digest };
    const headers = { ...json, "Content-Encoding": "gzip" };
    return seen(await ask("POST", "/v1/push", { headers, body: await gzipped({ submissions: [submission] }) }));
  },

  async upload(base64) {
    const data = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const tus = { "Tus-Resumable": "1.0.0" };
    const named = { ...tus, "Upload-Length": data.length, "Upload-Metadata": `sha256 ${btoa(await sha256(data))}` };
    const begun = await ask("POST", "/v1/receipts", { headers: named });
    const place = begun.headers.location;
    const piece = { ...tus, "Content-Type": "application/offset+octet-stream" };
    const half = data.length >> 1;
    await ask("PATCH", place, { headers: { ...piece, "Upload-Offset": 0 }, body: data.slice(0, half) });
    const standing = await ask("HEAD", place, { headers: tus });
    const offset = Number(standing.headers["upload-offset"]);
    const rest = { headers: { ...piece, "Upload-Offset": offset }, body: data.slice(offset) };
    return { begun: seen(begun), standing: seen(standing), done: seen(await ask("PATCH", place, rest)) };
  },

  async segment(path) {
    const first = await ask("GET", path, { headers: { Range: "bytes=0-99" } });
    const again = { Range: "bytes=100-", "If-Range": first.headers.etag };
    const rest = await ask("GET", path, { headers: again });
    const whole = new Uint8Array(await new Blob([first.bytes, rest.bytes]).arrayBuffer());
    const plain = new Blob([whole]).stream().pipeThrough(new DecompressionStream("gzip"));
    const value = JSON.parse(await new Response(plain).text());
    return { first: seen(first), rest: seen(rest), sha256: await sha256(whole), records: records(value) };
  },

  // What a page learns that the operator did not name: nothing.
  async refused(address) {
    try {
      await fetch(`${address}/v1/limits`);
      return "answered";
    } catch (error) {
      return error.name;
    }
  },
};
