/* The page around a map: fetches for the frame what stands in its table, and nothing else.
 *
 *   <iframe data-outreach-map='{"stats": "/map/stats", ...}' src=... sandbox="allow-scripts ...">
 *
 * The frame's origin is opaque; it has neither cookies, cache nor network. Who talks is told by
 * `event.source`, never by the origin, which is "null" for every such frame.
 */
const CODE = /^\d\d(\.\d\d(\.\d\d(\.\d{4})?)?)?$/;
const LONGEST = 200;
/* Addresses that the page goes to, and never reads. */
const PAGES = ["village", "approximate"];
/* What a page is told whose villages are no longer those in scope. */
const OLD = 409;
const GONE = 404;
const RELOADED = "outreach.reloaded";
const PAUSE = 60_000;
const AGAIN = 3_000;

function isArea(code) {
  return code === "" || (CODE.test(code) && code.length < 13);
}
function address(table, name, args) {
  if (!Object.hasOwn(table, name) || PAGES.includes(name)) return null;
  return fill(table[name], args);
}
function fill(template, args) {
  let whole = true;
  const url = template.replace(/\{(\w+)\}/g, (_, key) => {
    const value = args && Object.hasOwn(args, key) ? args[key] : null;
    whole &&= typeof value === "string" && value.length <= LONGEST;
    return encodeURIComponent(String(value));
  });
  return whole ? url : null;
}
/* Everything goes on as bytes, which change hands without being copied; the frame reads them. */
async function read(url, ask) {
  const response = await fetch(url, { credentials: "same-origin", redirect: "error" });
  if (response.status === 204) return {};
  if (response.status === OLD || (ask === "places" && response.status === GONE)) loadAgain();
  if (!response.ok) throw new Error(String(response.status));
  const type = response.headers.get("Content-Type") || "";
  return { json: type.startsWith("application/json"), body: await response.arrayBuffer() };
}
function askBeginning(table) {
  return [table.script, table.texts].map((url) => read(url, "begin"));
}
/* The frame has no cache of its own: what it runs and says is fetched here, where it is kept. */
async function readBeginning(table, under = askBeginning(table)) {
  try {
    const [script, texts] = await Promise.all(under);
    return { script: script.body, texts: texts.body };
  } catch (reason) {
    if (/^4/.test(reason.message)) throw reason; // not there: asking again would not bring it
    await new Promise((resolve) => setTimeout(resolve, AGAIN));
    return readBeginning(table);
  }
}
/* What the frame will ask for first is fetched before it asks, in the order of its need: of files
 * under way at once, each would be late. The regions wait for the texts, which are small, and the
 * villages for the script: so the next is asked for before a slow line has fallen idle. */
function readEarly(table, [script, texts]) {
  const early = new Map();
  const fetchThese = (...names) => {
    for (const name of names.filter((one) => table[one])) {
      early.set(name, read(table[name], name));
      early.get(name).catch(() => early.delete(name)); // asked for, it is read again
    }
  };
  fetchThese("stats");
  texts.catch(() => {}).then(() => fetchThese("areas"));
  script.catch(() => {}).then(() => fetchThese("places", "state"));
  return early;
}
/* The address keeps area and place. Not again at once: processes learn of new villages one by one. */
function loadAgain() {
  const last = Number(window.sessionStorage.getItem(RELOADED) || 0);
  if (Date.now() - last < PAUSE) return;
  window.sessionStorage.setItem(RELOADED, String(Date.now()));
  window.location.reload();
}
/* `?area=33.72#12.5/-7.57/110.82`; what cannot be read is left out. */
export function readView(place) {
  const view = {};
  const area = new URLSearchParams(place.search).get("area");
  if (area !== null && isArea(area)) view.area = area;
  const [zoom, lat, lon] = place.hash.slice(1).split("/").map(Number);
  if ([zoom, lat, lon].every(Number.isFinite) && zoom > 0) Object.assign(view, { zoom, lat, lon });
  return view;
}
/* A chosen area is a new entry of the history, a mere move is not. */
function keepView(view, chosen) {
  const url = new URL(window.location.href);
  if (typeof view.area !== "string" || (view.area && !CODE.test(view.area))) return;
  if (view.area) url.searchParams.set("area", view.area);
  else url.searchParams.delete("area");
  url.hash = `${Number(view.zoom).toFixed(2)}/${Number(view.lat).toFixed(4)}/${Number(view.lon).toFixed(4)}`;
  const state = { ...window.history.state, area: view.area };
  if (chosen && window.history.state?.area !== view.area) window.history.pushState(state, "", url);
  else window.history.replaceState(state, "", url);
  tellPage(view.area);
}
function tellPage(area) {
  window.dispatchEvent(new CustomEvent("outreach:view", { detail: { area } }));
}
export function host(frame) {
  const table = JSON.parse(frame.dataset.outreachMap);
  const under = askBeginning(table);
  let beginning = readBeginning(table, under);
  let greeted = null;
  const early = readEarly(table, under);
  const say = (message, transfer = []) => frame.contentWindow.postMessage(message, "*", transfer);
  /* A frame says hello, with the moment it was made, and may say so twice. What it begins with
   * changes hands: a frame that was loaded again gets its own. */
  const begin = async (made) => {
    if (made === greeted) return;
    greeted = made;
    const reading = beginning ?? readBeginning(table);
    beginning = null; // at once: a frame that was loaded again in the meantime reads its own
    const given = await reading;
    say({ begin: given }, [given.script, given.texts]);
  };
  const tellView = () => {
    const view = readView(window.location);
    if (Object.keys(view).length) say({ go: view });
  };
  /* Back and forward: the area stands in the entry, for the whole nation has none in its address. */
  const goBack = () => {
    const view = readView(window.location);
    if (typeof window.history.state?.area === "string") view.area = window.history.state.area;
    say({ go: view });
    if (view.area !== undefined) tellPage(view.area);
  };
  async function answer({ ask, args, id }) {
    try {
      const url = address(table, ask, args);
      if (url === null) throw new Error("unknown");
      const found = early.get(ask) ?? read(url, ask);
      early.delete(ask); // asked again, it is read again
      const { body = null, json } = await found;
      say({ answer: id, body, json }, body ? [body] : []);
    } catch (reason) {
      say({ answer: id, error: String(reason.message) });
    }
  }
  window.addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow || !event.data) return;
    const message = event.data;
    if (message.hello) begin(message.hello);
    else if (message.listens) tellView();
    else if (message.ask) answer(message);
    else if (message.view) keepView(message.view, message.chosen === true);
    else if (message.open === "approximate" && isArea(message.area) && table.approximate) {
      window.location.assign(fill(table.approximate, { area: message.area }));
    } else if (CODE.test(message.open) && table.village) {
      window.location.assign(fill(table.village, { code: message.open }));
    }
  });
  window.addEventListener("popstate", goBack); // an address typed by hand comes here as well
  say({ ready: true }); // should the frame have been the first, nobody has heard its hello
}
for (const frame of document.querySelectorAll("iframe[data-outreach-map]")) host(frame);
