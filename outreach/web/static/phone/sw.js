// Opens the page without a network. The server writes above what is kept: its version, the address
// of the shell, the folder of its files and, by address, what each file's content must be:
// {version, shell, folder, files}.
//
// Nothing else is ever kept, and nothing below /api is even looked at.
//
// A new version counts as soon as it is here whole, at the next load of the page, whichever worker
// answers then: a browser lets a new worker wait for as long as the old one is busy, and that can
// be minutes. So each version lies in a store of its own, its shell put there last; the newest store
// with a shell is what is shown. Files have names that change with their content: any store's will do.

const OURS = "phone-";
const NAME = OURS + KEPT.version;
// A page that is still open may yet ask for files of the version before.
const VERSIONS_KEPT = 2;

/** The names of the stores, the newest first. */
const stores = async () => (await caches.keys()).filter((name) => name.startsWith(OURS)).reverse();

/** The shell of each version that is here whole, the newest first. */
async function shells() {
  const found = [];
  for (const name of await stores()) {
    const shell = await (await caches.open(name)).match(KEPT.shell);
    if (shell) found.push({ name, shell });
  }
  return found;
}

/** Fetch a file and keep it, if and only if it holds what the server said it does. */
async function keep(cache, path, integrity) {
  const response = await fetch(path, { integrity, redirect: "error", credentials: "same-origin" });
  if (!isOurs(response, path)) throw new TypeError(`not ours: ${path}`);
  await cache.put(path, response);
}

const isOurs = (response, path) =>
  response.ok && response.type === "basic" && !response.redirected
  && response.url === new URL(path, location.href).href;

/** Take over from an older version what is the same in this one, fetch the rest, the shell last. */
async function keepAll() {
  const [newest] = await shells();
  // Back to a version of before, such as another language: it becomes the newest one again.
  if (newest && newest.name !== NAME) await caches.delete(NAME);
  const cache = await caches.open(NAME);
  const { [KEPT.shell]: shell, ...files } = KEPT.files;
  await Promise.all(Object.entries(files).map(async ([path, integrity]) => {
    const known = await caches.match(path);
    await (known ? cache.put(path, known) : keep(cache, path, integrity));
  }));
  await keep(cache, KEPT.shell, shell);
}

async function forgetOlder() {
  const whole = (await shells()).slice(0, VERSIONS_KEPT).map(({ name }) => name);
  const old = (await stores()).filter((name) => name !== NAME && !whole.includes(name));
  await Promise.all(old.map((name) => caches.delete(name)));
}

/** The shell that is kept; with a question behind its address the server's own, if it can be had. */
async function page(request, { pathname, search }) {
  const [newest] = await shells();
  if (!newest) return fetch(request);
  if (!search) return newest.shell;
  const fresh = await fetch(pathname, { credentials: "same-origin" }).catch(() => null);
  return fresh && isOurs(fresh, pathname) ? fresh : newest.shell;
}

const file = async (request, { pathname }) => (await caches.match(pathname)) ?? fetch(request);

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(keepAll());
});
addEventListener("activate", (event) => event.waitUntil(forgetOlder().then(() => clients.claim())));
addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (url.pathname === KEPT.shell) event.respondWith(page(request, url));
  else if (url.pathname.startsWith(KEPT.folder)) event.respondWith(file(request, url));
});
