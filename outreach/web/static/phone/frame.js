// What stands around every screen: how the sending stands, warnings, the lock, the install button.
import { startClock, minutesAhead } from "./clock.js";
import { canShare, download, fileOf, isUnsent, share } from "./files.js";
import { dropPinOfOldPhone, isPin, startsLocked, tryPin, watchAway } from "./lock.js";
import { condition, sendNow, startSending } from "./outbox.js";
import { diskRefused, openStore, outbox, state } from "./store.js";
import { number, say } from "./words.js";

const byName = (name) => document.querySelector(`[data-frame="${name}"]`);
const MINUTES_OFF = 10;

/** Start everything around the screens; done when the page is unlocked. */
export async function startFrame() {
  const stored = await openStore().then(() => true, () => false);
  byName("no-store").hidden = stored;
  await startClock();
  document.addEventListener("phone:changed", update);
  document.addEventListener("phone:condition", update);
  listen();
  registerWorker();
  navigator.storage?.persist?.().catch(() => undefined);
  startSending();
  await update();
  watchAway(lock);
  if (await startsLocked()) await lock();
}

/** Say how many are meant, in the words for one or for several. */
export const sayCount = (key, n) => say(`${key}-${n === 1 ? "one" : "many"}`, { n: number(n) });

/** The moment in the phone's own time and the reader's words. */
export const moment = (iso) => new Intl.DateTimeFormat(document.documentElement.lang, {
  day: "numeric", month: "short", hour: "2-digit", minute: "2-digit",
}).format(new Date(iso));

async function update() {
  const [items, now] = await Promise.all([outbox.all(), condition()]);
  const unsent = items.filter(isUnsent);
  showStatus(unsent, now);
  showWarnings(unsent, now);
  for (const badge of document.querySelectorAll("[data-unsent]")) {
    badge.hidden = unsent.length === 0;
    badge.textContent = number(unsent.length);
  }
  if (await dropPinOfOldPhone()) unlock();
}

/** Only what truly stands in the outbox is told here. */
function showStatus(unsent, now) {
  const refused = unsent.filter((item) => item.state === "refused").length;
  const waiting = unsent.length - refused;
  const bar = byName("status");
  bar.dataset.mood = refused || diskRefused() ? "bad" : waiting ? "waiting" : "good";
  byName("status-main").textContent = [
    waiting ? sayCount("waiting", waiting) : "", refused ? sayCount("refused", refused) : "",
  ].filter(Boolean).join(", ") || allSent(now);
  byName("status-more").textContent = why(waiting, now);
}

const allSent = (now) => (now.sent_at ? say("all-sent-at", { when: moment(now.sent_at) }) : say("nothing-waits"));

function why(waiting, now) {
  if (now.busy && waiting) return say("sending");
  if (now.unknown) return "";
  if (!navigator.onLine || now.trouble === "offline") return say("no-network");
  if (!waiting || !now.trouble) return "";
  const until = now.wait_until > Date.now() ? now.wait_until : null;
  return until ? say(`trouble-${now.trouble}-until`, { when: moment(until) }) : say(`trouble-${now.trouble}`);
}

async function showWarnings(unsent, now) {
  const told = await state.get().catch(() => null);
  const known = told !== null;
  byName("demo").hidden = !told?.json.me.demo;
  // A phone that never spoke for anybody has nothing to be warned of: the welcome says what to do.
  byName("unknown").hidden = !now.unknown || !(known || unsent.length || now.unknown === "revoked");
  byName("unknown-why").textContent = say(now.unknown === "revoked" ? "revoked" : "unknown");
  byName("unknown-kept").textContent = unsent.length ? sayCount("kept", unsent.length) : "";
  byName("unknown-file").hidden = unsent.length === 0;
  byName("full").hidden = !diskRefused();
  const unkept = unsent.filter((item) => !item.kept).length;
  byName("full-count").textContent = unkept ? sayCount("not-kept", unkept) : say("not-kept-none");
  const ahead = minutesAhead();
  const off = known && ahead !== null && Math.abs(ahead) > MINUTES_OFF;
  byName("clock").hidden = !off;
}

function listen() {
  document.addEventListener("click", async (event) => {
    const action = event.target.closest("[data-do]")?.dataset.do;
    if (action === "send") sendNow({ fresh: true });
    if (action === "file") download(await fileOf());
    if (action === "share") await share(await fileOf());
  });
  for (const button of document.querySelectorAll("[data-do=share]")) button.hidden = !canShare();
  window.addEventListener("beforeinstallprompt", offerInstall);
  window.addEventListener("appinstalled", () => { byName("install").hidden = true; });
  byName("lock-form").addEventListener("submit", unlockByPin);
}

function offerInstall(event) {
  event.preventDefault();
  const button = byName("install");
  button.hidden = false;
  button.onclick = async () => {
    button.hidden = true;
    await event.prompt();
  };
}

let opened = () => undefined;

/** Hide everything until the PIN is given; done then. */
export function lock() {
  document.body.setAttribute("data-locked", "");
  byName("lock").hidden = false;
  byName("lock-pin").focus();
  return new Promise((resolve) => { opened = resolve; });
}

function unlock() {
  if (!document.body.hasAttribute("data-locked")) return;
  document.body.removeAttribute("data-locked");
  byName("lock").hidden = true;
  opened();
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

async function registerWorker() {
  if (!("serviceWorker" in navigator)) return;
  const { takeNewVersions } = await import("./version.js");
  await takeNewVersions().catch(() => undefined);
}
