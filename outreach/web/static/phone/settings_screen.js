// The screen of this phone: its PIN, and leaving.
import { download, giveAll } from "./files.js";
import { canLock, hasPin, isPin, lockEverywhere, removePin, setPin } from "./lock.js";
import { ask, sendNow } from "./outbox.js";
import { canKeepPage, drafts, isOf, isUnsent, outbox, state, whoIsHere } from "./store.js";
import { say, sayCount } from "./words.js";

let listening = false;
// What somebody has been warned of, by ids and keys: only that may be deleted.
let warnedOf = new Set();

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
  section.querySelector("[data-not-kept]").hidden = pageKept || !canKeepPage();
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
  on("[data-pin-lock]", "click", lockEverywhere);
  on("[data-log-out] [data-leave]", "click", leaveOrWarn);
  on("[data-leave-file]", "click", keepFirst);
  on("[data-leave-anyway]", "click", leaveOrWarn);
  on("[data-leave-not]", "click", () => showLeaving(section, false));
}

async function savePin(section, event) {
  event.preventDefault();
  const [first, second] = ["pin", "again"].map((name) => event.target.elements[name].value);
  const wrong = !isPin(first) ? "pin-form" : first !== second ? "pin-differs" : null;
  const told = wrong ?? (await setPin(first).then(() => "pin-set", () => "pin-unchanged"));
  if (told === "pin-set") {
    event.target.reset();
    sendNow({ fresh: true });
  }
  await refresh(section);
  tellOfPin(section, told);
}

async function dropPin(section) {
  const told = await removePin().then(() => "pin-removed", () => "pin-unchanged");
  if (told === "pin-removed") sendNow({ fresh: true });
  await refresh(section);
  tellOfPin(section, told);
}

function tellOfPin(section, word) {
  const told = section.querySelector("[data-pin-told]");
  told.hidden = false;
  told.textContent = say(word);
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
  const mine = items.filter((item) => isOf(item, person));
  return {
    ids: mine.map((item) => item.id), keys: begun.map((one) => one.key),
    unsent: mine.filter(isUnsent), begun,
  };
}

/** Let go whoever loses nothing, or what they were warned of; warn them of what has come since. */
async function leaveOrWarn(section) {
  const waits = await waitsHere(section);
  if (!waits) return undefined;
  const { unsent, begun } = waits;
  const lost = [...unsent.map((item) => item.id), ...begun.map((one) => one.key)];
  if (lost.every((one) => warnedOf.has(one))) return leave(section, waits);
  warnedOf = new Set(lost);
  section.querySelector("[data-leave-count]").textContent = [
    unsent.length ? sayCount("leave", unsent.length) : "", begun.length ? sayCount("leave-begun", begun.length) : "",
  ].filter(Boolean).join(" ");
  showLeaving(section, true);
  return undefined;
}

/** In a file nothing of it is lost, if the file is there: only whoever holds the phone can see that. */
async function keepFirst(section) {
  const name = await giveAll(download);
  if (name) showKept(section, name);
}

function showKept(section, name) {
  const told = section.querySelector("[data-leave-kept]");
  told.hidden = name === "";
  told.textContent = name ? say("leave-kept", { name }) : "";
  section.querySelector("[data-leave-count]").hidden = name !== "";
  section.querySelector("[data-leave-anyway]").textContent = say(name ? "leave-with-file" : "leave-anyway");
}

function showLeaving(section, asking) {
  if (!asking) warnedOf = new Set();
  showKept(section, "");
  section.querySelector("[data-leaving]").hidden = !asking;
  section.querySelector("[data-leave]").hidden = asking;
  section.querySelector(asking ? "[data-leaving]" : "[data-leave]").focus();
}

/** Tell the server first: a phone that only forgot would still be let in by it. */
async function leave(section, waits) {
  const told = section.querySelector("[data-leave-told]");
  cover(true);
  try {
    await ask("/api/v1/logout", { method: "POST" }).catch((error) => { if (error.code !== "unknown") throw error; });
    await outbox.forgetMine(waits);
  } catch (error) {
    cover(false);
    told.hidden = false;
    const isFromLine = "waitMs" in error;
    told.textContent = say(isFromLine ? "leave-needs-network" : "leave-unreadable");
    return;
  }
  sessionStorage.clear();
  location.replace("/phone/#welcome");
  location.reload();
}

/** Nothing can be saved while the server is told: it would be deleted, or left without an owner. */
function cover(covered) {
  document.body.toggleAttribute("data-covered", covered);
  document.querySelector("[data-frame=going]").hidden = !covered;
}
