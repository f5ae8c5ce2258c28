// A PIN that keeps curious hands from the page. It encrypts nothing and the server never sees it:
// it is only told that there is one (`ask` in outbox.js), and answers then to this page alone.
// While the page is locked, what was saved is still sent.
import { settings, state } from "./store.js";
import { number, say } from "./words.js";

const ROUNDS = 150_000;
const AWAY_MS = 10 * 60_000;
const FREE_TRIES = 3;
const FIRST_WAIT_MS = 10_000;
const LONGEST_WAIT_MS = 15 * 60_000;
const NOTED_EVERY_MS = 5_000;
// Tells a reload of this tab from a start of the page.
const UNLOCKED = "phone-unlocked-at";
const tabs = "BroadcastChannel" in window ? new BroadcastChannel("phone-lock") : null;

export const canLock = () => Boolean(globalThis.crypto?.subtle);
export const isPin = (text) => /^[0-9]{4,6}$/.test(text);
// Whether there was one when it could last be read.
let hadPin = false;

export async function hasPin() {
  const pin = await settings.get("pin").catch(() => undefined);
  if (pin !== undefined) hadPin = pin !== null;
  return hadPin;
}

async function hashOf(pin, salt, rounds) {
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(pin), "PBKDF2", false, ["deriveBits"]);
  const bits = await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations: rounds }, key, 256);
  return new Uint8Array(bits);
}

export async function setPin(pin) {
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const phone = (await state.get())?.json.me?.phone ?? null;
  await settings.put("pin", { salt, rounds: ROUNDS, hash: await hashOf(pin, salt, ROUNDS), phone, wrong: 0, left: 0 });
  counted = null;
  noteUnlocked();
}

export const removePin = () => settings.remove("pin");

// How many wrong PINs there were, and since when how long must be waited, by the time that this page
// was open: the phone's clock can be turned. A page that is loaded anew goes on from what is noted.
let counted = null;

/** Milliseconds that must still be waited. */
function leftOf(kept) {
  // Another tab may have counted on; what a full disk did not take counts here all the same.
  if (!counted || (counted.noted && counted.wrong !== kept.wrong)) count(kept.wrong, kept.left ?? 0);
  return Math.max(0, Math.ceil(counted.leftMs - (performance.now() - counted.since)));
}

function count(wrong, leftMs) {
  counted = { wrong, leftMs, since: performance.now(), noted: true };
}

/** Note how it stands, unless another tab has counted on; naught is the right PIN. */
async function note(wrong, left) {
  const changes = (pin) => (wrong > 0 && pin.wrong > wrong ? {} : { wrong, left });
  const noted = await settings.alter("pin", changes).then(() => true, () => false);
  if (counted) counted.noted = noted;
}

const waitAfter = (wrong) => (
  wrong < FREE_TRIES ? 0 : Math.min(FIRST_WAIT_MS * 2 ** (wrong - FREE_TRIES), LONGEST_WAIT_MS)
);

/**
 * Try a PIN: `{open, looked, waitMs}`; wrong ones cost more and more time, within which none is
 * looked at (`looked`) or counted.
 */
export async function tryPin(pin) {
  const kept = await settings.get("pin");
  if (!kept) return { open: true, looked: false, waitMs: 0 };
  const waitMs = leftOf(kept);
  if (waitMs > 0) return { open: false, looked: false, waitMs };
  const wrong = counted.wrong + 1;
  // Counted before it is looked at: whoever ends the page in between has tried all the same.
  count(wrong, waitAfter(wrong));
  await note(wrong, waitAfter(wrong));
  const hash = await hashOf(pin, kept.salt, kept.rounds);
  if (!hash.every((byte, i) => byte === kept.hash[i])) return { open: false, looked: true, waitMs: leftOf({ wrong }) };
  count(0, 0);
  await note(0, 0);
  noteUnlocked();
  return { open: true, looked: true, waitMs: 0 };
}

/** A code from the branch made this phone another one to the server, or a phone at all: its old PIN is over. */
export async function dropPinOfOldPhone() {
  const kept = await settings.get("pin").catch(() => null);
  const phone = (await state.get().catch(() => null))?.json.me?.phone ?? null;
  if (!kept || phone === null || kept.phone === phone) return;
  await removePin();
  unlock();
}

function noteUnlocked() {
  sessionStorage.setItem(UNLOCKED, String(Date.now()));
}

/** Whether a page that has just been loaded must ask for the PIN. */
export async function startsLocked() {
  if (!(await hasPin())) return false;
  // The system took the page from memory, who knows when.
  if (document.wasDiscarded) return true;
  const away = Date.now() - unlockedAt();
  return away < 0 || away >= AWAY_MS || (await wasForgotten());
}

const unlockedAt = () => Number(sessionStorage.getItem(UNLOCKED) ?? 0);

/** Whether the server has ceased to know this phone since somebody gave the PIN. */
async function wasForgotten() {
  const forgotten = await settings.get("forgotten_at").catch(() => null);
  return forgotten !== null && forgotten >= unlockedAt();
}

/** Lock a phone that was taken back while it lay open: what was not sent yet is still on it. */
export async function lockIfForgotten() {
  if (document.body.hasAttribute("data-locked") || !(await hasPin())) return;
  if (await wasForgotten()) lock();
}

/** Lock when somebody comes back after ten minutes or more, by the clock or by the page's own time. */
function watchAway() {
  let left = null;
  document.addEventListener("visibilitychange", async () => {
    if (document.visibilityState === "hidden") {
      left = { clock: Date.now(), page: performance.now() };
      if (!document.body.hasAttribute("data-locked")) noteUnlocked();
      return;
    }
    if (!left) return;
    const byClock = Date.now() - left.clock;
    const away = Math.max(byClock, performance.now() - left.page);
    left = null;
    if ((byClock < 0 || away >= AWAY_MS) && (await hasPin())) lock();
  });
}

const byName = (name) => document.querySelector(`[data-frame="${name}"]`);
// While it is locked: what is done once it is open, and how to open it.
let locked = null;

/** Hide everything until the PIN is given; done then, for whoever asked for it. */
export function lock() {
  // Loaded anew it asks again.
  sessionStorage.removeItem(UNLOCKED);
  if (locked) return locked.done;
  document.body.setAttribute("data-locked", "");
  byName("lock").hidden = false;
  byName("lock-wrong").hidden = true;
  byName("lock-pin").focus();
  let open;
  const done = new Promise((resolve) => { open = resolve; });
  locked = { done, open };
  countDown();
  return done;
}

/** Lock this page and what other tabs show of it. */
export function lockEverywhere() {
  tabs?.postMessage("lock");
  return lock();
}

tabs?.addEventListener("message", async () => { if (await hasPin()) lock(); });

function unlock() {
  if (!locked) return;
  document.body.removeAttribute("data-locked");
  byName("lock").hidden = true;
  locked.open();
  locked = null;
}

let trying = false;

async function unlockByPin(event) {
  event.preventDefault();
  if (trying) return;
  trying = true;
  const field = byName("lock-pin");
  const told = byName("lock-wrong");
  const pin = field.value;
  field.value = "";
  told.hidden = true;
  const tried = isPin(pin) ? tryPin(pin).catch(() => null) : { open: false, looked: true };
  const became = await Promise.resolve(tried).finally(() => { trying = false; });
  if (became?.open) return unlock();
  told.hidden = false;
  told.textContent = say(became === null ? "unreadable" : became.looked ? "pin-wrong" : "pin-not-tried");
  field.focus();
  await countDown();
}

let counting = false;

/** Tell while it lasts how long to wait, and note what is left: a page loaded anew goes on from there. */
async function countDown() {
  if (counting) return;
  counting = true;
  const told = byName("lock-wait");
  let notedMs = Infinity;
  while (locked) {
    const kept = await settings.get("pin").catch(() => null);
    const waitMs = kept ? leftOf(kept) : 0;
    told.hidden = waitMs <= 0;
    if (waitMs <= 0) break;
    told.textContent = say("pin-wait", { n: number(Math.ceil(waitMs / 1000)) });
    if (notedMs - waitMs >= NOTED_EVERY_MS) {
      await note(counted.wrong, waitMs);
      notedMs = waitMs;
    }
    await new Promise((done) => { setTimeout(done, Math.min(waitMs, 1000)); });
  }
  counting = false;
}

byName("lock-form").addEventListener("submit", unlockByPin);
watchAway();
