// A PIN that keeps curious hands from the page. It encrypts nothing and the server never sees it;
// while the page is locked, what was saved is still sent.
import { settings, state } from "./store.js";
import { number, say } from "./words.js";

const ROUNDS = 150_000;
const AWAY_MS = 10 * 60_000;
const FREE_TRIES = 3;
const FIRST_WAIT_MS = 10_000;
const LONGEST_WAIT_MS = 15 * 60_000;
// Tells a reload of this tab from a start of the page.
const UNLOCKED = "phone-unlocked-at";

export const canLock = () => Boolean(globalThis.crypto?.subtle);
export const isPin = (text) => /^[0-9]{4,6}$/.test(text);
export const hasPin = async () => (await settings.get("pin").catch(() => null)) !== null;

async function hashOf(pin, salt, rounds) {
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(pin), "PBKDF2", false, ["deriveBits"]);
  const bits = await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations: rounds }, key, 256);
  return new Uint8Array(bits);
}

export async function setPin(pin) {
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const phone = (await state.get())?.json.me?.phone ?? null;
  await settings.put("pin", { salt, rounds: ROUNDS, hash: await hashOf(pin, salt, ROUNDS), phone, wrong: 0, until: 0 });
  noteUnlocked();
}

export const removePin = () => settings.remove("pin");

/** Try a PIN: `{open}` or `{open: false, waitMs}`; wrong ones cost more and more time. */
export async function tryPin(pin, now = Date.now()) {
  const kept = await settings.get("pin");
  if (!kept) return { open: true };
  // A clock that was turned back must not lock anybody out for years.
  const waitMs = Math.min(kept.until - now, LONGEST_WAIT_MS);
  if (waitMs > 0) return { open: false, waitMs };
  const hash = await hashOf(pin, kept.salt, kept.rounds);
  if (hash.every((byte, i) => byte === kept.hash[i])) {
    await settings.put("pin", { ...kept, wrong: 0, until: 0 });
    noteUnlocked();
    return { open: true };
  }
  const wrong = kept.wrong + 1;
  const next = wrong < FREE_TRIES ? 0 : Math.min(FIRST_WAIT_MS * 2 ** (wrong - FREE_TRIES), LONGEST_WAIT_MS);
  await settings.put("pin", { ...kept, wrong, until: now + next });
  return { open: false, waitMs: next };
}

/** A new code from the branch made this phone another one to the server: its old PIN is over. */
export async function dropPinOfOldPhone() {
  const kept = await settings.get("pin").catch(() => null);
  const phone = (await state.get().catch(() => null))?.json.me?.phone ?? null;
  if (!kept || phone === null || kept.phone === phone) return;
  if (kept.phone === null) {
    // Set while a password was used: from now on it belongs to this phone.
    await settings.put("pin", { ...kept, phone });
    return;
  }
  await removePin();
  unlock();
}

function noteUnlocked() {
  sessionStorage.setItem(UNLOCKED, String(Date.now()));
}

/** Whether a page that has just been loaded must ask for the PIN. */
export async function startsLocked() {
  if (!(await hasPin())) return false;
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

/** Lock when somebody comes back after ten minutes or more. */
function watchAway() {
  let left = null;
  document.addEventListener("visibilitychange", async () => {
    if (document.visibilityState === "hidden") {
      left = Date.now();
      if (!document.body.hasAttribute("data-locked")) noteUnlocked();
      return;
    }
    const away = left === null ? 0 : Date.now() - left;
    left = null;
    if ((away < 0 || away >= AWAY_MS) && (await hasPin())) lock();
  });
}

const byName = (name) => document.querySelector(`[data-frame="${name}"]`);
// While it is locked: what is done once it is open, and how to open it.
let locked = null;

/** Hide everything until the PIN is given; done then, for whoever asked for it. */
export function lock() {
  if (locked) return locked.done;
  document.body.setAttribute("data-locked", "");
  byName("lock").hidden = false;
  byName("lock-pin").focus();
  let open;
  const done = new Promise((resolve) => { open = resolve; });
  locked = { done, open };
  return done;
}

function unlock() {
  if (!locked) return;
  document.body.removeAttribute("data-locked");
  byName("lock").hidden = true;
  locked.open();
  locked = null;
}

async function unlockByPin(event) {
  event.preventDefault();
  const field = byName("lock-pin");
  const told = byName("lock-wrong");
  const { open, waitMs } = isPin(field.value) ? await tryPin(field.value) : { open: false, waitMs: 0 };
  field.value = "";
  told.hidden = open;
  if (open) return unlock();
  told.textContent = waitMs > 0 ? say("pin-wait", { n: number(Math.ceil(waitMs / 1000)) }) : say("pin-wrong");
  field.focus();
}

byName("lock-form").addEventListener("submit", unlockByPin);
watchAway();
