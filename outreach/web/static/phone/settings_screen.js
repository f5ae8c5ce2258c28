// The screen of this phone: its PIN, and leaving.
import { download, giveAll } from "./files.js";
import { canLock, hasPin, isPin, lock, removePin, setPin } from "./lock.js";
import { ask, sendNow } from "./outbox.js";
import { canKeepPage, drafts, isOf, isUnsent, outbox, state, whoIsHere } from "./store.js";
import { say, sayCount } from "./words.js";

let listening = false;

export async function open(section) {
  if (!listening) listen(section);
  listening = true;
  section.querySelector("[data-pin-told]").hidden = true;
  await refresh(section);
}

export async function refresh(section) {
  const me = (await state.get().catch(() => null))?.json.me;
  const pin = await hasPin();
  section.querySelector("[data-me]").textContent = me ? `${me.name}, ${me.villages.join(", ")}` : say("nobody");
  // A worker answers for the page only once all of its files are kept.
  const pageKept = Boolean(navigator.serviceWorker?.controller);
  section.querySelector("[data-kept]").hidden = !pageKept;
  section.querySelector("[data-not-kept]").hidden = pageKept || !canKeepPage;
  section.querySelector("[data-pin]").hidden = !canLock();
  section.querySelector("[data-no-pin]").hidden = canLock();
  section.querySelector("[data-plain-pages]").hidden = pin;
  section.querySelector("[data-has-pin]").hidden = !pin;
  section.querySelector("[data-log-out]").hidden = !me;
}

function listen(section) {
  const on = (name, type, work) => section.querySelector(name).addEventListener(type, (event) => work(section, event));
  navigator.serviceWorker?.addEventListener("controllerchange", () => refresh(section));
  on("[data-pin-form]", "submit", savePin);
  on("[data-pin-remove]", "click", dropPin);
  on("[data-pin-lock]", "click", () => lock());
  on("[data-log-out] [data-leave]", "click", leaveOrWarn);
  on("[data-leave-file]", "click", () => giveAll(download));
  on("[data-leave-anyway]", "click", leave);
  on("[data-leave-not]", "click", () => showLeaving(section, false));
}

async function savePin(section, event) {
  event.preventDefault();
  const [first, second] = ["pin", "again"].map((name) => event.target.elements[name].value);
  const told = section.querySelector("[data-pin-told]");
  const wrong = !isPin(first) ? "pin-form" : first !== second ? "pin-differs" : null;
  if (!wrong) {
    await setPin(first);
    event.target.reset();
    sendNow({ fresh: true });
  }
  told.hidden = false;
  told.textContent = say(wrong ?? "pin-set");
  await refresh(section);
}

async function dropPin(section) {
  await removePin();
  sendNow({ fresh: true });
  await refresh(section);
}

/**
 * What of theirs waits and what was begun, or null where it cannot be read; then nobody is let out,
 * for it would be deleted unseen.
 */
async function waitsHere(section) {
  const person = await whoIsHere();
  const found = await Promise.all([outbox.all(), drafts.all()]).catch(() => null);
  const told = section.querySelector("[data-leave-told]");
  told.hidden = found !== null;
  told.textContent = found ? "" : say("leave-unreadable");
  if (!found) return null;
  const [items, begun] = found;
  return { unsent: items.filter((item) => isUnsent(item) && isOf(item, person)).length, begun: begun.length };
}

async function leaveOrWarn(section) {
  const waits = await waitsHere(section);
  if (!waits) return undefined;
  const { unsent, begun } = waits;
  if (unsent + begun === 0) return leave(section);
  section.querySelector("[data-leave-count]").textContent = [
    unsent ? sayCount("leave", unsent) : "", begun ? sayCount("leave-begun", begun) : "",
  ].filter(Boolean).join(" ");
  showLeaving(section, true);
}

function showLeaving(section, asking) {
  section.querySelector("[data-leaving]").hidden = !asking;
  section.querySelector("[data-leave]").hidden = asking;
  if (asking) section.querySelector("[data-leaving]").focus();
}

/** Tell the server first: a phone that only forgot would still be let in by it. */
async function leave(section) {
  const told = section.querySelector("[data-leave-told]");
  if (!(await waitsHere(section))) return;
  try {
    await ask("/api/v1/logout", { method: "POST" });
  } catch (error) {
    if (error.code !== "unknown") {
      told.hidden = false;
      told.textContent = say("leave-needs-network");
      return;
    }
  }
  await outbox.forgetMine();
  sessionStorage.clear();
  location.replace("/phone/#welcome");
  location.reload();
}
