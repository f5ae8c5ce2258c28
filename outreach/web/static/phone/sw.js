// Opens the page without a network. The server writes above what is kept: its version, the address
// of the shell and, by address, what each file's content must be: {version, shell, files}.
//
// Nothing else is ever kept, and nothing below /api is even looked at.

const NAME = `phone-${KEPT.version}`;

/** Fetch a file and keep it, if and only if it holds what the server said it does. */
async function keep(cache, path, integrity) {
  const response = await fetch(path, { integrity, redirect: "error", credentials: "same-origin" });
  const ours = response.ok && response.type === "basic" && response.url === new URL(path, location.href).href;
  if (!ours) throw new TypeError(`not ours: ${path}`);
  await cache.put(path, response);
}

/** Take over from an older version what is the same in this one, and fetch the rest. */
async function keepAll() {
  const cache = await caches.open(NAME);
  await Promise.all(Object.entries(KEPT.files).map(async ([path, integrity]) => {
    const known = path === KEPT.shell ? null : await caches.match(path);
    return known ? cache.put(path, known) : keep(cache, path, integrity);
  }));
}

async function forgetOlder() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("phone-") && name !== NAME).map((name) => caches.delete(name)));
}

async function answer(path, request) {
  const cache = await caches.open(NAME);
  return (await cache.match(path)) ?? fetch(request);
}

addEventListener("install", (event) => event.waitUntil(keepAll()));
addEventListener("activate", (event) => event.waitUntil(forgetOlder().then(() => clients.claim())));
addEventListener("message", (event) => {
  if (event.data === "take over") skipWaiting();
});
addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (url.pathname in KEPT.files) event.respondWith(answer(url.pathname, request));
});
