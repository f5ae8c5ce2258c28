// Starts the page and shows its screens: `#visit/12` shows the screen `visit` for 12.
//
// A screen is `<section data-screen="name" hidden>` and, below in SCREENS, a module with
//   open(section, ...args)     fills the section; called each time the screen is opened
//   refresh(section, ...args)  optional: called on `phone:changed` while the screen is shown
//   leave(section)             optional: called before another screen is shown
// All may be async. The addresses:
//   #visits             the next visits (the first screen)     visits.js
//   #visit/<visit id>   one visit                              visits.js ("one")
//   #form/<visit id>    log a session                          form.js
//   #form/<visit id>/<item id>  put right a refused item: read it with outbox.get(id), save it
//                       with outbox.amend(id, body), which sends it again under its id
//   #answer/<visit id>  confirm, another day, not possible     answer.js
//   #saved/<item id>    what became of a report or an answer    saved.js
//   #history            what was sent and what became of it    history.js
//   #outbox, #settings, #welcome, #behind-pin: of the phone itself
//
// What the frame needs is imported here and named in the head of the page with the first screen's
// own visits.js (FIRST_FILES in web/phone.py), so that it comes in one go over a slow line; all else
// is imported once it stands.
import { minutesAhead, startClock } from "./hardware.js";
import { condition, sendNow, startSending } from "./outbox.js";
import { byPerson, canKeepPage, diskRefused, drafts, isOf, isUnsent, keepsNothing, noteRefusal, onlyUnnoted, openStore, outbox, settings, state, whoIsHere } from "./store.js";
import { moment, number, say, sayCount } from "./words.js";

const SCREENS = {
  visits: () => import("./visits.js"),
  visit: async () => (await import("./visits.js")).one,
  form: () => import("./form.js"),
  answer: () => import("./answer.js"),
  saved: () => import("./saved.js"),
  history: () => import("./history.js"),
  outbox: () => import("./outbox_screen.js"),
  settings: () => import("./settings_screen.js"),
  welcome: async () => ({ open() {} }),
  "behind-pin": async () => ({ open() {} }),
};
const FIRST = "visits";
const ANYBODYS = ["outbox", "settings", "welcome", "behind-pin"];
const MINUTES_OFF = 10;
const LOOK_AGAIN_MS = 60 * 60_000;
const FLICKER_MS = 150;
const LONGEST_BUSY_MS = 3_000;

const byName = (name) => document.querySelector(`[data-frame="${name}"]`);
let shown = null;
let asked = 0;
let slow = 0;
let firstNews = null;

async function start() {
  const refused = await openStore().then(() => null, (error) => error);
  // Nothing could be told to anybody as saved; the page says where it works instead.
  if (refused) return showRefusal(byName(keepsNothing(refused) ? "no-store" : "unreadable"));
  await startClock();
  tellWhetherKept();
  listen();
  // Sent is also while the page is locked.
  firstNews = Promise.race([startSending(), stateHere()]);
  await Promise.all([update(), lockIfBidden()]);
  await show();
  await firstNews;
  await idle();
  navigator.storage?.persist?.().catch(() => undefined);
  // The network may go at any moment: first what the form needs and what comes after it, then the
  // other screens, then the keeping of it all.
  for (const next of [SCREENS.form, SCREENS.saved, otherParts, keepThePage]) {
    await next().catch((error) => console.warn(error));
  }
}

/** Where the browser does not keep the page, nothing may say that it opens without a network. */
function tellWhetherKept() {
  for (const one of document.querySelectorAll("[data-if-kept]")) one.hidden = !canKeepPage();
  byName("page-unkept").hidden = canKeepPage();
  byName("page-unkept-why").textContent = say(window.isSecureContext ? "page-unkept-browser" : "page-unkept-address");
}

function showRefusal(card) {
  card.hidden = false;
  showOnly(card);
}

/** Done when the phone has nothing to do for the screen that is shown. */
const idle = () => new Promise((done) => {
  if ("requestIdleCallback" in window) requestIdleCallback(done, { timeout: LONGEST_BUSY_MS });
  else setTimeout(done);
});

const otherParts = () => Promise.all([
  import("./lock.js"), offerSharing(), ...Object.values(SCREENS).map((load) => load()),
]);

/** Done when the server's state is here, whichever tab has fetched it. */
function stateHere() {
  return new Promise((resolve) => {
    const look = async () => { if (await state.get().catch(() => null)) resolve(); };
    document.addEventListener("phone:changed", look);
    look();
  });
}

async function lockIfBidden() {
  if (!(await settings.get("pin").catch(() => null))) return;
  const { lock, startsLocked } = await import("./lock.js");
  if (await startsLocked()) await lock();
}

// ---- the screens

const parts = () => location.hash.slice(1).split("/").map(decodeURIComponent);

const wanted = () => (Object.hasOwn(SCREENS, parts()[0]) ? parts()[0] : FIRST);

async function show() {
  const turn = (asked += 1);
  clearTimeout(slow);
  slow = setTimeout(() => showOnly(null), FLICKER_MS);
  const next = await ready().catch((error) => console.warn(error));
  await shown?.module.leave?.(shown.section);
  // Whoever has gone on meanwhile is not brought back.
  if (turn !== asked) return;
  if (next) return put(turn, ...next, parts().slice(1));
  clearTimeout(slow);
  showOnly(byName("not-here"));
}

/** The screen that is asked for, once its files and all that it tells of are here. */
async function ready() {
  const module = SCREENS[wanted()]();
  module.catch(() => undefined); // told below, if the screen may be shown at all
  if (!ANYBODYS.includes(wanted())) await firstNews;
  const name = await allowed(wanted());
  return [name, await (name === wanted() ? module : SCREENS[name]())];
}

/** Show a screen once it tells of what was asked for: a tap on it never meets another visit. */
async function put(turn, name, module, args) {
  const section = document.querySelector(`[data-screen="${name}"]`);
  const cameFromElsewhere = shown !== null;
  shown = { module, section, args, name };
  try {
    await module.open(section, ...args);
  } catch (error) {
    console.warn(error); // what is kept cannot be read: it stays empty, the frame says why
  }
  if (turn !== asked) return;
  clearTimeout(slow);
  showOnly(section);
  showTitle(section);
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  // The keyboard and the reading voice begin at the heading; the first screen of all leaves them.
  if (!cameFromElsewhere) return;
  window.scrollTo(0, 0);
  section.querySelector("[data-heading]")?.focus({ preventScroll: true });
}

const OWN_TITLE = document.title;

/** What the screen is called stands in the browser's own list of pages, and is read out first. */
function showTitle(section) {
  const heading = section.querySelector("[data-heading]")?.textContent.trim();
  document.title = [heading, OWN_TITLE].filter(Boolean).join(" – ");
}

/** Show one part of the page; without one, that it takes a moment. */
function showOnly(part) {
  byName("loading").hidden = part !== null;
  byName("not-here").hidden = part !== byName("not-here");
  for (const other of document.querySelectorAll("[data-screen]")) other.hidden = other !== part;
}

/** Whoever the server does not know sees nobody's visits; what was saved can always be reached. */
async function allowed(name) {
  if (ANYBODYS.includes(name)) return name;
  const [known, { unknown }] = await Promise.all([state.get().catch(() => null), condition()]);
  return unknown && !known ? "welcome" : name;
}

/** Go to the welcome once the server says it does not know the phone, and away from it again. */
async function goWhereAllowed() {
  if (!shown) return false;
  const before = shown;
  const name = await allowed(before.name === "welcome" ? FIRST : before.name);
  // Whoever has gone to another screen meanwhile stays there.
  if (name === before.name || shown !== before) return false;
  location.hash = name;
  return true;
}

async function refresh() {
  if (!shown || (await goWhereAllowed())) return;
  await shown.module.refresh?.(shown.section, ...shown.args)?.catch?.((error) => console.warn(error));
}

// ---- what stands around every screen

async function update() {
  const [items, now, person, begun] = await Promise.all([
    outbox.all().catch(() => null), condition(), whoIsHere(), drafts.all().catch(() => []),
  ]);
  byName("unreadable").hidden = items !== null;
  const left = (items ?? outbox.inMemory()).filter(isUnsent);
  const unsent = left.filter((item) => isOf(item, person));
  if (items) showStatus(unsent, now);
  else showUnreadable();
  showWarnings(unsent, now, begun);
  byName("others").hidden = unsent.length === left.length;
  byName("others-told").textContent = inWords(left.filter((item) => !isOf(item, person)));
  for (const badge of document.querySelectorAll("[data-unsent]")) {
    badge.hidden = unsent.length === 0;
    badge.textContent = number(unsent.length);
  }
  if (await settings.get("pin").catch(() => null)) await mindThePin();
}

async function mindThePin() {
  const { dropPinOfOldPhone, lockIfForgotten } = await import("./lock.js");
  await dropPinOfOldPhone();
  await lockIfForgotten();
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

/** Nobody knows what waits while it cannot be read: least of all is it said to be sent. */
function showUnreadable() {
  byName("status").dataset.mood = "bad";
  byName("status-main").textContent = say("unreadable");
  byName("status-more").textContent = "";
}

/** Where nobody is known what is here is told as theirs who were connected last, or by its names. */
const lastHere = async () => (await settings.get("person").catch(() => null)) ?? { id: null };

function keptInWords(unsent, begun, last, isOver) {
  const own = (all) => all.filter((one) => isOf(one, last)).length;
  const others = (all) => all.filter((one) => !isOf(one, last));
  return [
    own(unsent) ? sayCount(isOver ? "kept-over" : "kept", own(unsent)) : "",
    own(begun) ? sayCount("begun", own(begun)) : "",
    inWords(others(unsent)), inWords(others(begun), "others-begun"),
  ].filter(Boolean).join(" ");
}

/** Delete everybody's, once whoever holds the phone has read whose that is. */
async function wipe() {
  const all = [...(await outbox.all()).filter(isUnsent), ...(await drafts.all({ everybodys: true }))];
  const names = byPerson(all).map(([name]) => name).filter(Boolean).join(", ");
  if (window.confirm(names ? say("wipe-sure-of", { names }) : say("wipe-sure"))) await outbox.forgetAll();
}

/** What others left here, by their names: "2 of Bu Sri are kept on this phone …". */
const inWords = (items, key = "others") => (
  byPerson(items).map(([name, theirs]) => sayCount(key, theirs.length, { name })).join(" ")
);

const allSent = (now) => (now.sent_at ? say("all-sent-at", { when: moment(now.sent_at) }) : say("nothing-waits"));

function why(waiting, now) {
  if (now.busy && waiting) return say("sending");
  if (now.unknown) return "";
  if (!navigator.onLine || now.trouble === "offline") return say("no-network");
  if (!waiting || !now.trouble) return "";
  const until = now.wait_until > Date.now() ? now.wait_until : null;
  return until ? say(`trouble-${now.trouble}-until`, { when: moment(until) }) : say(`trouble-${now.trouble}`);
}

async function showWarnings(unsent, now, begun) {
  const told = await state.get().catch(() => null);
  const known = told !== null;
  byName("demo").hidden = !told?.json.me.demo;
  // A phone that never spoke for anybody has nothing to be warned of: the welcome says what to do.
  byName("unknown").hidden = !now.unknown || !(known || unsent.length || now.unknown === "revoked");
  byName("unknown-why").textContent = say(now.unknown ?? "unknown");
  const isOver = now.unknown === "not-in-office";
  byName("unknown-kept").textContent = keptInWords(unsent, begun, await lastHere(), isOver);
  byName("unknown-code").hidden = isOver;
  byName("unknown-file").hidden = unsent.length + begun.length === 0;
  byName("unknown-wipe").hidden = isOver || unsent.length + begun.length === 0;
  byName("full").hidden = !diskRefused();
  const unkept = unsent.filter((item) => !item.kept).length;
  byName("full-count").textContent = unkept ? sayCount("not-kept", unkept) : say(onlyUnnoted() ? "not-noted" : "not-kept-none");
  const ahead = minutesAhead();
  const off = known && ahead !== null && Math.abs(ahead) > MINUTES_OFF;
  byName("clock").hidden = !off;
}

function listen() {
  window.addEventListener("hashchange", show);
  document.addEventListener("phone:changed", () => { update(); refresh(); });
  document.addEventListener("phone:condition", () => { update(); goWhereAllowed(); });
  // What is in this page's memory only would go with it.
  window.addEventListener("beforeunload", (event) => { if (diskRefused()) event.preventDefault(); });
  document.querySelector("[data-skip]").addEventListener("click", (event) => {
    event.preventDefault();
    document.querySelector("main").focus();
  });
  document.addEventListener("click", act);
  window.addEventListener("beforeinstallprompt", offerInstall);
  window.addEventListener("appinstalled", () => { byName("install").hidden = true; });
}

async function act(event) {
  const action = event.target.closest("[data-do]")?.dataset.do;
  if (action === "send") sendNow({ fresh: true });
  if (action === "again") location.reload();
  if (action === "wipe") await wipe();
  if (action !== "file" && action !== "share") return;
  const files = await import("./files.js");
  await files.giveAll(action === "file" ? files.download : files.share);
}

async function offerSharing() {
  const { canShare } = await import("./files.js");
  for (const button of document.querySelectorAll("[data-do=share]")) button.hidden = !canShare();
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

/** Have the page kept for days without a network; new versions are shown when it is loaded next. */
async function keepThePage() {
  if (!("serviceWorker" in navigator)) return;
  const asked = { scope: "/phone/", updateViaCache: "none" };
  const worker = await navigator.serviceWorker.register("/phone/sw.js", asked).catch((error) => {
    noteRefusal(error);
    tellWhetherKept();
    refresh();
    throw error;
  });
  let looked = Date.now();
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible" || Math.abs(Date.now() - looked) < LOOK_AGAIN_MS) return;
    looked = Date.now();
    worker.update().catch(() => undefined);
  });
  if (location.search) await keepLanguage(worker);
}

/** A language that was just chosen is asked of the server until its version is kept here. */
async function keepLanguage(worker) {
  await worker.update();
  const made = worker.installing;
  if (made) await new Promise((done) => { made.addEventListener("statechange", done, { once: true }); });
  if (made?.state !== "redundant") history.replaceState(null, "", location.pathname + location.hash);
}

start();
