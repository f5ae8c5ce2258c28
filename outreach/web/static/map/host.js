/* The page around a map: fetches for the frame what stands in its table, and nothing else.
 *
 *   <iframe data-outreach-map='{"stats": "/map/stats", ...}' src=... sandbox="allow-scripts ...">
 *
 * The frame's origin is opaque; it has neither cookies nor network. Who talks is told by
 * `event.source`, never by the origin, which is "null" for every such frame.
 */
const CODE = /^\d\d(\.\d\d(\.\d\d(\.\d{4})?)?)?$/;
const LONGEST = 200;
/* What a page is told whose villages are no longer those in scope. */
const OLD = 409;
const GONE = 404;
const RELOADED = "outreach.reloaded";
const PAUSE = 60_000;

function address(table, name, args) {
  if (!Object.hasOwn(table, name) || name === "village") return null;
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
async function read(url, ask) {
  const response = await fetch(url, { credentials: "same-origin", redirect: "error" });
  if (response.status === 204) return null;
  if (response.status === OLD || (ask === "places" && response.status === GONE)) loadAgain();
  if (!response.ok) throw new Error(String(response.status));
  const type = response.headers.get("Content-Type") || "";
  return type.startsWith("application/json") ? response.json() : response.arrayBuffer();
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
  if (area === "" || (area && CODE.test(area) && area.length < 13)) view.area = area;
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
  const say = (message, transfer = []) => frame.contentWindow.postMessage(message, "*", transfer);
  const welcome = () => {
    say({ ready: true });
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
      const body = await read(url, ask);
      say({ answer: id, body }, body instanceof ArrayBuffer ? [body] : []);
    } catch (reason) {
      say({ answer: id, error: String(reason.message) });
    }
  }
  window.addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow || !event.data) return;
    const message = event.data;
    if (message.hello) welcome();
    else if (message.ask) answer(message);
    else if (message.view) keepView(message.view, message.chosen === true);
    else if (CODE.test(message.open) && table.village) {
      window.location.assign(fill(table.village, { code: message.open }));
    }
  });
  window.addEventListener("popstate", goBack); // an address typed by hand comes here as well
  welcome();
}
for (const frame of document.querySelectorAll("iframe[data-outreach-map]")) host(frame);
