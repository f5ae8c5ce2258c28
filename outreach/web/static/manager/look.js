/* The page around a map keeps in its address through what the map is looked at: layer and weeks.
 *
 *   ?layer=signups   or   ?week=2026-09-28&beside=2026-11-16
 */
const LAYER = /^[a-z]{1,20}$/;
const MONDAY = /^\d{4}-\d\d-\d\d$/;
const ALLOWED = { layer: LAYER, week: MONDAY, beside: MONDAY };
const frame = document.querySelector("iframe[data-outreach-map]");

function readLook() {
  const given = new URLSearchParams(window.location.search);
  const look = {};
  for (const [name, allowed] of Object.entries(ALLOWED)) {
    if (allowed.test(given.get(name) || "")) look[name] = given.get(name);
  }
  return look;
}
function keepLook(look) {
  const url = new URL(window.location.href);
  for (const [name, allowed] of Object.entries(ALLOWED)) {
    if (allowed.test(look[name] || "")) url.searchParams.set(name, look[name]);
    else url.searchParams.delete(name);
  }
  if (url.href === window.location.href) return;
  window.history.replaceState(window.history.state, "", url);
  for (const field of document.querySelectorAll("[data-look]")) {
    field.value = url.searchParams.get(field.name) || "";
  }
  window.dispatchEvent(new CustomEvent("outreach:look"));
}
function sayLook() {
  frame.contentWindow.postMessage({ look: readLook() }, "*");
}
window.addEventListener("message", (event) => {
  if (!frame || event.source !== frame.contentWindow || !event.data?.look) return;
  if (event.data.look === true) sayLook();
  else if (typeof event.data.look === "object") keepLook(event.data.look);
});
window.addEventListener("popstate", () => {
  if (frame) sayLook();
});
if (frame) sayLook(); // should the frame have asked before we listened
