// The phone itself: its disk and its clock. One module, for each costs a slow line a connection.
//
// The disk is a database of the browser, opened once, read and written in transactions. Only
// store.js knows what stands in it, but for the small things of this phone by name, `settings`.

const NAME = "outreach-phone";
const VERSION = 1;
// By the version of the database that brought them.
const STORES = { 1: { keep: "key", drafts: "visit_id", items: "id", blobs: "id" } };
let opening = null;

/** Make what a database of an older version has not yet; 0 is none at all. */
export function upgrade(db, oldVersion) {
  for (const [version, stores] of Object.entries(STORES)) {
    if (Number(version) <= oldVersion) continue;
    for (const [name, keyPath] of Object.entries(stores)) db.createObjectStore(name, { keyPath });
  }
}

/** Whether the browser keeps nothing at all; otherwise what it keeps may only not be read now. */
export const keepsNothing = (error) => ["SecurityError", "InvalidStateError", "TypeError", "ReferenceError"].includes(error?.name);

/**
 * Whether the browser can keep this page to open it without a network. It does so only for
 * protected addresses (https, or the own machine), and some browsers never do.
 */
export const canKeepPage = () => keepsPages;
let keepsPages = "serviceWorker" in navigator;

/** Go by what came of it: some browsers offer to keep pages and then refuse. */
export function noteRefusal(error) {
  if (["SecurityError", "NotSupportedError", "InvalidStateError"].includes(error.name)) keepsPages = false;
}

/** Open the database; refused where the browser keeps nothing (then all lives in memory only). */
export function openStore() {
  opening ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, VERSION);
    asked.onupgradeneeded = ({ oldVersion }) => upgrade(asked.result, oldVersion);
    asked.onsuccess = () => {
      const db = asked.result;
      // A newer page in another tab wants the database: from then on this one can only say so.
      db.onversionchange = () => {
        db.close();
        opening = null;
        document.dispatchEvent(new CustomEvent("phone:changed"));
      };
      db.onclose = () => { opening = null; };
      resolve(db);
    };
    asked.onerror = () => reject(asked.error);
    asked.onblocked = () => reject(new DOMException("blocked", "VersionError"));
  }).catch((error) => {
    opening = null;
    throw error;
  });
  return opening;
}

/**
 * Run `work(stores)` in one transaction and give what it gave, once all of it is on the disk.
 * Within it only requests of these stores may be awaited.
 */
export async function write(names, work) {
  return run(await openStore(), names, "readwrite", work);
}

export async function read(names, work) {
  return run(await openStore(), names, "readonly", work);
}

function run(db, names, mode, work) {
  return new Promise((resolve, reject) => {
    const transaction = db.transaction(names, mode, { durability: "strict" });
    const stores = Object.fromEntries(names.map((name) => [name, transaction.objectStore(name)]));
    let failure = null;
    let given;
    transaction.oncomplete = () => resolve(given);
    transaction.onabort = () => reject(failure ?? transaction.error ?? new DOMException("aborted", "AbortError"));
    work(stores).then(
      (value) => { given = value; },
      (error) => {
        failure = error;
        try { transaction.abort(); } catch { reject(error); }
      },
    );
  });
}

/** What a request of a store gives. */
export function got(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

// What the disk refused, by its key; null is "nothing there any more". It lives as long as this page.
const held = new Map();

export async function kept(key) {
  if (held.has(key)) return held.get(key);
  return read(["keep"], async ({ keep }) => (await got(keep.get(key)))?.value ?? null);
}

/**
 * Keep values by their keys all at once, null to delete one. What the disk refuses is held in
 * memory, and goes to the disk with `holdAgain`; says whether all is on the disk.
 */
export async function hold(values) {
  const told = Object.entries(values);
  const put = (some) => write(["keep"], async ({ keep }) => {
    for (const [key, value] of some) value === null ? keep.delete(key) : keep.put({ key, value });
    return got(keep.count());
  }).then(() => true, () => false);
  for (const [key, value] of told) held.set(key, value);
  const stored = await put(told);
  // Deleting needs no room: what is to be gone is gone, whatever else is refused.
  const done = stored ? told : told.filter(([, value]) => value === null);
  if (!stored && (done.length === 0 || !(await put(done)))) return false;
  for (const [key, value] of done) if (held.get(key) === value) held.delete(key);
  return stored;
}

export const holdAgain = () => (held.size > 0 ? hold(Object.fromEntries(held)) : true);

/** What is on the disk is right: another tab has written it, or all of it was deleted. */
export function letGo(keys = [...held.keys()]) {
  for (const key of keys) held.delete(key);
}

export const settings = {
  get: (name) => kept(`setting:${name}`),
  async put(name, value) {
    const key = `setting:${name}`;
    await write(["keep"], async ({ keep }) => got(keep.put({ key, value })));
    held.delete(key);
  },
  async remove(name) {
    const key = `setting:${name}`;
    await write(["keep"], async ({ keep }) => got(keep.delete(key)));
    held.delete(key);
  },
  /** As `put` and, with null, `remove`; what the disk refuses holds all the same on this page. */
  hold: (name, value) => hold({ [`setting:${name}`]: value }),
  /** Change some of what is kept under the name, by what stands there if `changes` is a function; what has been removed meanwhile stays so. */
  alter: (name, changes) => write(["keep"], async ({ keep: store }) => {
    const one = await got(store.get(`setting:${name}`));
    if (one) await got(store.put({ ...one, value: { ...one.value, ...(typeof changes === "function" ? changes(one.value) : changes) } }));
  }),
};

// ---- What time it is where the phone is, though its own clock may be years off.
//
// The server's clock comes with each of its answers. What is kept is how far the phone's clock was
// behind it then; a phone whose clock has been turned since is found out where it can be.

const SLACK_MS = 2 * 60_000;
// Longer than this after the last word from the server, nobody vouches for the phone's clock.
const VOUCHED_MS = 14 * 86_400_000;
let heard = null;

/** Begin with what was known when the page was last open. */
export async function startClock() {
  heard = await settings.get("clock").catch(() => null);
}

/** Note the server's clock from an answer of ours that was asked for at *askedAt* (phone's ms). */
export function hearClock(response, askedAt) {
  // A server before ours may add a date of its own: both come as one text, the first is enough.
  const [told] = (response.headers.get("Date") ?? "").match(/\w{3}, [^,]+/) ?? [""];
  const server = Date.parse(told);
  const now = Date.now();
  if (Number.isNaN(server) || now < askedAt) return;
  // The answer was made at some moment between asking and now; headers hold whole seconds.
  const offset = server + 500 - (askedAt + now) / 2;
  heard = { offset: Math.round(offset), server, pageMs: performance.now(), page: performance.timeOrigin };
  settings.put("clock", heard).catch(() => undefined);
}

/** The true time in milliseconds, or null where nobody knows it. */
export function trueNow() {
  if (!heard) return null;
  const now = Date.now() + heard.offset;
  const samePage = heard.page === performance.timeOrigin;
  const least = heard.server + (samePage ? performance.now() - heard.pageMs : 0);
  return now < least - SLACK_MS || now > heard.server + VOUCHED_MS ? null : now;
}

/** Whether it is known how far the phone's clock is off. */
export const skewKnown = () => trueNow() !== null;

/** How many minutes the phone's clock is ahead of the true time; null if nobody knows. */
export const minutesAhead = () => (skewKnown() ? Math.round(-heard.offset / 60_000) : null);

/** Today in a village (`2026-11-20`) by its zone (`Asia/Makassar`); null: ask the official. */
export function villageToday(zone) {
  const now = trueNow();
  return now === null ? null : new Intl.DateTimeFormat("en-CA", { timeZone: zone }).format(now);
}

/** Today and the time there (`2026-11-20 08:30`); null where nobody knows. */
export function villageNow(zone) {
  const now = trueNow();
  const style = { timeZone: zone, dateStyle: "short", timeStyle: "short" };
  return now === null ? null : new Intl.DateTimeFormat("sv-SE", style).format(now);
}
