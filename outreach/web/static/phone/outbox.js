// Sends what was saved, until the server names each item as taken in. Nothing else ends it.
import { hearClock } from "./hardware.js";
import { diskRefused, isOf, outbox, settings, state, whoIsHere } from "./store.js";

const MOST_AT_ONCE = 100;
const FIRST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 15 * 60_000;
const ASK_HELD_AGAIN_MS = 10 * 60_000;
const LOOK_AGAIN_MS = 60_000;
const STATE_IS_FRESH_MS = 5 * 60_000;
// Phones that get their signal back at the same moment do not all speak at the same moment.
const AFTER_ONLINE_MS = 5_000;
// One that our server fails over, alone, this many times stands back behind the others.
const STANDS_BACK_AFTER = 3;

const KINDS = ["report", "answer", "evidence"];
const STATE_OF = { accepted: "sent", duplicate: "sent", conflict: "disputed", rejected: "refused", held: "held" };
const OURS_NO_MORE = new Set(["sent", "disputed"]);
// After these there is nobody to ask for news.
const NOBODY_THERE = new Set(["unknown", "busy", "offline"]);

let running = null;
let again = null;
let timer = 0;
let failures = 0;
let envelope = MOST_AT_ONCE;
let stateAskedAt = Number.NEGATIVE_INFINITY;
const failedAlone = new Map();

// What the last try met, for the status bar: a Trouble's code or null.
let trouble = null;
let busy = false;

/** How the sending stands: `{busy, trouble, unknown, sent_at, wait_until}`. */
export async function condition() {
  const [unknown, sentAt] = await Promise.all(
    ["unknown", "sent_at"].map((name) => settings.get(name).catch(() => null)),
  );
  const wait = await waitKept();
  return { busy, trouble, unknown, sent_at: sentAt, wait_until: wait?.until ?? null };
}

const tell = () => document.dispatchEvent(new CustomEvent("phone:condition"));

/** Begin to send: now, and whenever there is reason to hope that it goes through. */
export function startSending() {
  window.addEventListener("online", () => {
    failures = 0;
    envelope = MOST_AT_ONCE;
    tell();
    setTimeout(() => sendNow({ fresh: true }), Math.random() * AFTER_ONLINE_MS);
  });
  window.addEventListener("offline", tell);
  document.addEventListener("phone:saved", () => sendNow());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") sendNow();
  });
  return sendNow({ fresh: true });
}

/**
 * Send what waits. One tab sends at a time; asked for while it runs, it runs once more.
 *
 * `fresh` asks for the state too, however new ours is; `patient` waits as long as the last failure
 * bids. What the server bade us wait is always kept to.
 */
export function sendNow(wanted = {}) {
  if (running) {
    again = both(again ?? wanted, wanted);
    return running.then(() => running);
  }
  const locked = navigator.locks
    ? (work) => navigator.locks.request("phone-outbox", work)
    : (work) => work();
  running = locked(() => round(wanted))
    .catch((error) => console.error(error))
    .finally(() => {
      running = null;
      if (!again) return;
      const more = again;
      again = null;
      sendNow(more);
    });
  return running;
}

/** What two wished for at once: news if one of them did, patience only if neither is in a hurry. */
const both = (a, b) => ({ fresh: Boolean(a.fresh || b.fresh), patient: Boolean(a.patient && b.patient) });

async function round({ fresh = false, patient = false }) {
  if (await mustWait(patient)) return plan();
  busy = true;
  tell();
  try {
    await outbox.rescue();
    // News comes also to a phone with something that the server always fails over.
    const { sent = 0, failed = null } = await sendMine().then((sent) => ({ sent }), (failed) => ({ failed }));
    if (failed && NOBODY_THERE.has(failed.code)) throw failed;
    await freshState(fresh || sent > 0);
    if (failed) throw failed;
    await succeed();
  } catch (error) {
    if (!(error instanceof Trouble)) console.warn(error);
    await fail(error instanceof Trouble ? error : new Trouble("phone"));
  } finally {
    busy = false;
    tell();
    await plan();
  }
}

/** Send what is of whoever is connected now: if the server knows of somebody else, it says so. */
async function sendMine() {
  if (!(await whoIsHere())) await freshState(true);
  try {
    return await sendAll();
  } catch (error) {
    if (error.code !== "other") throw error;
  }
  await freshState(true);
  return sendAll();
}

async function sendAll() {
  let sent = 0;
  for (;;) {
    const person = await whoIsHere();
    // What is in memory only goes out all the more where the disk cannot be read.
    let unreadable = null;
    const here = await outbox.all().catch((error) => {
      unreadable = error;
      return outbox.inMemory();
    });
    const all = here.filter((item) => isOf(item, person));
    const batch = nextBatch(all, await pending());
    if (batch.length === 0 && unreadable) throw unreadable;
    if (batch.length === 0) return sent;
    // Nothing goes out without a name: the server would take it for whoever is connected now.
    if (!person) throw new Trouble("phone");
    const left = all.filter((item) => !OURS_NO_MORE.has(item.state)).length - batch.length;
    try {
      await take(batch, await send(batch, left, person));
    } catch (error) {
      learn(batch, error);
      throw error;
    }
    envelope = Math.min(envelope * 2, MOST_AT_ONCE);
    sent += batch.length;
  }
}

/** What to send next: of one kind, the first ones first, those that cannot go yet left out. */
function nextBatch(all, undecided) {
  const states = new Map(all.map((item) => [item.id, item.state]));
  const ready = all.filter((item) => isDue(item, undecided) && isFree(item, states));
  const back = (item) => ((failedAlone.get(item.id) ?? 0) >= STANDS_BACK_AFTER ? 1 : 0);
  const order = (item) => [back(item), KINDS.indexOf(item.kind), failedAlone.get(item.id) ?? 0, item.number];
  ready.sort((a, b) => compare(order(a), order(b)));
  const most = ready[0]?.kind === "evidence" ? 1 : envelope;
  return ready.filter((item) => item.kind === ready[0].kind && back(item) === back(ready[0])).slice(0, most);
}

/** The reports that a person at the branch has yet to rule on; until then no picture is wanted. */
async function pending() {
  const told = await state.get().catch(() => null);
  return new Set((told?.json.disputes ?? []).filter((one) => !one.ruling).map((one) => one.report_id));
}

function isDue(item, undecided) {
  if (!KINDS.includes(item.kind) || undecided.has(item.body.report_id)) return false;
  if (item.state !== "held") return item.state === "waiting";
  const heldMs = Date.now() - Date.parse(item.answer?.at);
  return !(heldMs >= 0 && heldMs < ASK_HELD_AGAIN_MS);
}

const isFree = (item, states) => !item.after || !states.has(item.after) || states.get(item.after) === "sent";

function compare(a, b) {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at < 0 ? 0 : a[at] - b[at];
}

async function send(batch, unsent, person) {
  const forWhom = { "X-Account": String(person.id) };
  if (batch[0].kind === "evidence") return sendPicture(batch[0], unsent, forWhom);
  const name = `${batch[0].kind}s`;
  const told = { sent_at: new Date().toISOString(), unsent, [name]: batch.map((item) => item.body) };
  return ask(`/api/v1/${name}`, {
    method: "POST", body: JSON.stringify(told), headers: { "Content-Type": "application/json", ...forWhom },
  });
}

/** Send a picture if it is wanted: asking costs next to nothing, and a picture on this line a lot. */
async function sendPicture(item, unsent, forWhom) {
  const blob = await outbox.blob(item.id);
  const about = new URLSearchParams({ report_id: item.body.report_id, kind: item.body.kind });
  const asking = new URLSearchParams([...about, ...(await digestOf(blob))]);
  const before = await ask(`/api/v1/evidence/${item.id}?${asking}`, { headers: forWhom });
  const wanted = before.json?.answers?.some?.((one) => one?.id === item.id && one.outcome === "wanted");
  if (!wanted) return before;
  return ask(`/api/v1/evidence/${item.id}?${about}`, {
    method: "PUT", body: blob, timeoutMs: LONG_MS,
    headers: {
      "Content-Type": blob?.type || "application/octet-stream",
      "X-Sent-At": new Date().toISOString(),
      "X-Unsent": String(unsent),
      ...forWhom,
    },
  });
}

async function digestOf(blob) {
  if (!blob || !globalThis.crypto?.subtle) return [];
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));
  return [["sha256", [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")]];
}

/** Note what the server named; an item it does not name stays as it is. */
async function take(batch, { json }) {
  const ids = new Set(batch.map((item) => item.id));
  const answers = Array.isArray(json?.answers) ? json.answers : [];
  const named = answers.filter((answer) => ids.has(answer?.id) && answer.outcome in STATE_OF);
  const at = new Date().toISOString();
  for (const answer of named) failedAlone.delete(answer.id);
  await outbox.markAll(named.map((answer) => [answer.id, { state: STATE_OF[answer.outcome], answer: { ...answer, at } }]));
  if (named.some((answer) => STATE_OF[answer.outcome] === "sent")) await settings.put("sent_at", at).catch(() => undefined);
  if (new Set(named.map((answer) => answer.id)).size < ids.size) throw new Trouble("stranger");
}

/** Fewer at once after a failure: a line that drops long messages lets short ones through. */
function learn(batch, error) {
  if (["unknown", "busy", "other"].includes(error.code) || !navigator.onLine) return;
  if (batch.length === 1 && error.code !== "offline") {
    failedAlone.set(batch[0].id, (failedAlone.get(batch[0].id) ?? 0) + 1);
  }
  envelope = Math.max(1, Math.floor(batch.length / 2));
}

async function freshState(wanted) {
  if (!wanted && performance.now() - stateAskedAt < STATE_IS_FRESH_MS) return;
  const known = await state.get().catch(() => null);
  const headers = known?.etag ? { "If-None-Match": known.etag } : {};
  const { status, json, etag } = await ask("/api/v1/phone", { headers });
  stateAskedAt = performance.now();
  if (status === 304 || !json?.me) {
    if (status === 200) throw new Trouble("stranger");
    return;
  }
  await state.put(json, etag);
  await outbox.tidy(json).catch(() => undefined); // let go of the next time
}

async function succeed() {
  failures = 0;
  trouble = null;
  for (const name of ["unknown", "wait"]) await settings.hold(name, null);
}

const waitKept = () => settings.get("wait").catch(() => null);

async function fail(error) {
  trouble = error.code === "other" ? "broken" : error.code;
  const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures);
  failures += 1;
  const bidden = error.waitMs;
  const waitMs = (bidden ?? 0) + Math.random() * (bidden === null ? longest : Math.min(longest, 30_000));
  const wait = { from: Date.now(), until: Date.now() + waitMs, bidden: bidden !== null };
  await settings.hold("wait", wait);
  if (error.code !== "unknown") return;
  await settings.hold("unknown", error.why);
  // Only our own server's word comes here, no Wi-Fi's: to it, whoever holds this phone is nobody.
  if (error.why !== "not-in-office") await outbox.forgetPerson().catch(() => undefined);
}

async function mustWait(patient) {
  const wait = await waitKept();
  // A phone's clock that was turned must not make it wait for years.
  if (!wait || Date.now() < wait.from || Date.now() >= wait.until) return false;
  return wait.bidden || patient;
}

/** Set the alarm for the next try; while there is nothing to send, look for news only. */
async function plan() {
  clearTimeout(timer);
  const wait = await waitKept();
  const bidden = wait && Date.now() >= wait.from ? wait.until - Date.now() : 0;
  const person = await whoIsHere();
  // Where it cannot be read something may well wait.
  const mine = (await outbox.all().catch(() => [{ state: "waiting" }])).filter((item) => isOf(item, person));
  const unsent = mine.some((item) => !OURS_NO_MORE.has(item.state) && item.state !== "refused");
  const rest = unsent || diskRefused() ? LOOK_AGAIN_MS : STATE_IS_FRESH_MS;
  timer = setTimeout(() => sendNow({ patient: true }), bidden > 0 ? bidden + 50 : rest);
}

// Asks our server, and believes only an answer that is surely from it.

const SHORT_MS = 45_000;
const LONG_MS = 120_000;
const LONGEST_BIDDEN_MS = 6 * 3_600_000;

/**
 * Why there was no answer to go by. `code` is one of
 *   offline   nothing came, or not in time
 *   stranger  something answered that is not our server, such as the login page of a Wi-Fi
 *   other     it knows this phone as another person's than the one that this was saved for
 *   unknown   our server does not let this phone speak; `why` is `unknown`, `revoked` if it was
 *             taken back, or `not-in-office`: it may speak again once the term is renewed
 *   busy      it asks to wait, `waitMs` long
 *   broken    it could not do it
 *   phone     the phone itself could not, such as read its own disk
 */
class Trouble extends Error {
  constructor(code, { waitMs = null, why = "unknown" } = {}) {
    super(code);
    Object.assign(this, { code, waitMs, why });
  }
}

/** Ask and give `{status, json, etag}` with status 200 or 304; raises Trouble for all else. */
export async function ask(path, { timeoutMs = SHORT_MS, headers = {}, ...options } = {}) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), timeoutMs);
  const askedAt = Date.now();
  try {
    const response = await fetch(path, {
      ...options,
      headers: { Accept: "application/json", "X-Requested-With": "outreach", ...(await pinTold()), ...headers },
      cache: "no-store", credentials: "same-origin", redirect: "manual", signal: stop.signal,
    }).catch(() => { throw new Trouble("offline"); });
    return await believed(response, path, askedAt);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether a PIN was set here: where one was, the server answers to this page alone. */
const pinTold = () => settings.get("pin").then((pin) => ({ "X-Pin": pin ? "1" : "0" }), () => ({}));

async function believed(response, path, askedAt) {
  const ours = response.type === "basic" && !response.redirected
    && response.url === new URL(path, location.href).href;
  if (!ours) throw new Trouble("stranger");
  if (response.status === 304) {
    hearClock(response, askedAt);
    return { status: 304, json: null, etag: null };
  }
  const json = await readJson(response);
  if (response.status === 401 && json) refuseUnknown(json);
  if (response.status === 409 && json?.code === "other_person") throw new Trouble("other");
  if (response.status === 429 || response.status === 503) {
    throw new Trouble("busy", { waitMs: askedToWait(response) });
  }
  if (response.status !== 200) throw new Trouble("broken", { waitMs: askedToWait(response) });
  if (json === null) throw new Trouble("stranger");
  hearClock(response, askedAt);
  return { status: 200, json, etag: response.headers.get("ETag") };
}

async function readJson(response) {
  if (!/^application\/json\b/.test(response.headers.get("Content-Type") ?? "")) return null;
  const text = await response.text().catch(() => { throw new Trouble("offline"); });
  try {
    const json = JSON.parse(text);
    return typeof json === "object" ? json : null;
  } catch {
    return null;
  }
}

function refuseUnknown(json) {
  if (json.code === "device_revoked") throw new Trouble("unknown", { why: "revoked" });
  if (json.code === "not_in_office") throw new Trouble("unknown", { why: "not-in-office" });
  if (json.code === "login_required") throw new Trouble("unknown");
}

/** Milliseconds of a Retry-After header, in seconds or as a date by the server's own clock. */
function askedToWait(response) {
  const told = response.headers.get("Retry-After")?.trim();
  if (!told) return null;
  if (/^\d+$/.test(told)) return Math.min(Number(told) * 1000, LONGEST_BIDDEN_MS);
  const until = Date.parse(told);
  const now = Date.parse(response.headers.get("Date") ?? "") || Date.now();
  return Number.isNaN(until) ? null : Math.min(Math.max(until - now, 0), LONGEST_BIDDEN_MS);
}
