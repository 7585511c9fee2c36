// The service worker: keeps the app's own files, so that it opens without a network. It never touches data.
//
// BUILD, FILES and ON_DEMAND (address → SHA-256) stand above this line in what the server sends. Files of ON_DEMAND are
// large and not needed by everybody: they are kept when they are asked for, and by later builds then.
//
// A new build is fetched beside the old one and waits. It takes over when no window is open any more. If the person
// accepts it before that, this worker answers with the page of the accepted build, which then lets its own worker take
// over. The files of the old build stay until no window uses them, because an open window may still load a module of
// its own build. Every file is checked against its hash: what a captive portal answers is not kept.

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const PREFIX = "satchel-app-";
const SHELL = "/app/";
const NAME = PREFIX + BUILD;
// The cache whose only entry names the build that the person has accepted, until its worker takes over.
const ACCEPTED = "satchel-accepted";
const ACCEPTED_BUILD = "/app/accepted-build";
const ANSWER_MS = 2000;
// Addresses that must come from the server, even (or above all) if this worker is broken.
const NEVER_KEPT = ["/app/reset", "/app/reset.js", "/app/sw.js", "/app/licenses.txt", "/app/contract.json"];

worker.addEventListener("install", (event) => event.waitUntil(fetchBuild()));
worker.addEventListener("activate", (event) => event.waitUntil(begin()));
worker.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin || !url.pathname.startsWith("/app"))
    return;
  if (NEVER_KEPT.includes(url.pathname)) return;
  event.respondWith(event.request.mode === "navigate" ? shell(event.request) : file(event.request));
});
worker.addEventListener("message", (event) => {
  if (event.data?.type === "which-build") event.ports[0]?.postMessage(BUILD);
  if (event.data?.type === "use-this-build") event.waitUntil(worker.skipWaiting());
  if (event.data?.type === "window-started") event.waitUntil(removeUnusedBuilds());
});

/** Store every file of this build, from an older build if it has the same content. */
async function fetchBuild() {
  const cache = await caches.open(NAME);
  const known = await knownFiles();
  // Four at a time: a slow line is shared with the first sync.
  const waiting = Object.entries(FILES);
  const workers = [1, 2, 3, 4].map(async () => {
    for (let next = waiting.pop(); next; next = waiting.pop()) await fetchFile(cache, known, next[0], next[1]);
  });
  await Promise.all(workers);
  for (const [address, sha256] of Object.entries(ON_DEMAND)) {
    if (await known.has(address)) await fetchFile(cache, known, address, sha256);
  }
}

/**
 * @param {Cache} cache
 * @param {Known} known
 * @param {string} address
 * @param {string} sha256
 */
async function fetchFile(cache, known, address, sha256) {
  if (await cache.match(address)) return;
  const response = (await known.find(address, sha256)) ?? (await fetch(address, { cache: "default" }));
  if (!response.ok || response.redirected) throw new Error(`${address} was answered with ${response.status}`);
  const body = await response.arrayBuffer();
  if ((await hexHash(body)) !== sha256) throw new Error(`${address} has another content than this build`);
  // A response remembers the address that it came from, and a module's imports are relative to that: one that is
  // copied from an older build would import the older build's modules.
  const headers = new Headers(response.headers);
  // The body is not compressed any more.
  headers.delete("Content-Encoding");
  headers.delete("Content-Length");
  await cache.put(address, new Response(body, { headers }));
}

/**
 * @typedef {{ find: (address: string, sha256: string) => Promise<Response | undefined>,
 *   has: (address: string) => Promise<boolean> }} Known
 */

/**
 * Return functions that find a file of an older build by its path and hash, and say whether one has the path.
 *
 * @returns {Promise<Known>}
 */
async function knownFiles() {
  const names = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== NAME);
  const older = await Promise.all(
    names.map(async (name) => ({ build: name.slice(PREFIX.length), cache: await caches.open(name) })),
  );
  const responses = async (/** @type {string} */ address) => {
    if (!address.startsWith("/app/files/")) return [];
    const path = address.split("/").slice(4).join("/");
    const all = older.map(({ build, cache }) => cache.match(`/app/files/${build}/${path}`));
    return (await Promise.all(all)).filter((each) => each !== undefined);
  };
  return {
    find: async (address, sha256) => {
      for (const response of await responses(address)) {
        if ((await hexHash(await response.clone().arrayBuffer())) === sha256) return response;
      }
      return undefined;
    },
    has: async (address) => (await responses(address)).length > 0,
  };
}

/** @param {ArrayBuffer} bytes */
async function hexHash(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function begin() {
  await caches.delete(ACCEPTED);
  const others = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== NAME);
  // After the very first installation the open window has this build too, so this worker may serve it at once.
  if (others.length === 0) await worker.clients.claim();
  else await removeUnusedBuilds();
}

/**
 * Answer with the page of the accepted build, else of this one; every address of the app has the same page.
 *
 * @param {Request} request
 */
async function shell(request) {
  const accepted = await caches.match(ACCEPTED_BUILD, { cacheName: ACCEPTED });
  const names = accepted ? [PREFIX + (await accepted.text()), NAME] : [NAME];
  for (const cacheName of names) {
    const page = await caches.match(SHELL, { cacheName });
    if (page) return page;
  }
  return fetch(request);
}

/** @param {Request} request */
async function file(request) {
  // Of any build: a window may be older than this worker.
  const kept = await caches.match(request, { ignoreSearch: true });
  if (kept) return kept;
  const { pathname } = new URL(request.url);
  const sha256 = ON_DEMAND[pathname];
  if (!sha256) return fetch(request);
  const cache = await caches.open(NAME);
  await fetchFile(cache, await knownFiles(), pathname, sha256);
  return (await cache.match(pathname)) ?? Response.error();
}

/** Delete the files of builds that no open window uses. A window that does not answer keeps everything. */
async function removeUnusedBuilds() {
  if (worker.registration.installing || worker.registration.waiting) return;
  const windows = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  const used = await Promise.all(windows.map(buildOf));
  if (used.includes(null)) return;
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX) && name !== NAME && !used.includes(name.slice(PREFIX.length))) {
      await caches.delete(name);
    }
  }
}

/**
 * Return the build that a window runs; null if it does not say.
 *
 * @param {Client} client
 * @returns {Promise<string | null>}
 */
function buildOf(client) {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = (event) => resolve(event.data);
    setTimeout(() => resolve(null), ANSWER_MS);
    client.postMessage({ type: "which-build" }, [port2]);
  });
}
