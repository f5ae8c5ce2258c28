// Starts the page and shows its screens: `#visit/12` shows the screen `visit` for 12.
//
// A screen is `<section data-screen="name" hidden>` and, below in SCREENS, a module with
//   open(section, ...args)     fills the section; called each time the screen is opened
//   refresh(section, ...args)  optional: called on `phone:changed` while the screen is shown
//   leave(section)             optional: called before another screen is shown
// All may be async. The addresses:
//   #visits             the next visits (the first screen)     visits.js
//   #visit/<visit id>   one visit                              visits.js ("visit")
//   #form/<visit id>    log a session                          form.js
//   #form/<visit id>/<item id>  put right a refused item: read it with outbox.get(id), save it
//                       with outbox.amend(id, body), which sends it again under its id
//   #answer/<visit id>  confirm, another day, not possible     answer.js
//   #saved/<item id>    what became of a report or an answer    saved.js
//   #history            what was sent and what became of it    history.js
//   #outbox, #settings, #welcome: the frame's own
import { startFrame } from "./frame.js";
import { condition } from "./outbox.js";
import { state } from "./store.js";

const SCREENS = {
  visits: () => import("./visits.js"),
  visit: () => import("./visit.js"),
  form: () => import("./form.js"),
  answer: () => import("./answer.js"),
  saved: () => import("./saved.js"),
  history: () => import("./history.js"),
  outbox: () => import("./outbox_screen.js"),
  settings: () => import("./settings_screen.js"),
  welcome: () => import("./welcome_screen.js"),
};
const FIRST = "visits";
const ANYBODYS = ["outbox", "settings", "welcome"];
let shown = null;

const parts = () => location.hash.slice(1).split("/").map(decodeURIComponent);

const wanted = () => (parts()[0] in SCREENS ? parts()[0] : FIRST);

async function show() {
  const name = await allowed(wanted());
  const args = parts().slice(1);
  const section = document.querySelector(`[data-screen="${name}"]`);
  await shown?.module.leave?.(shown.section);
  for (const other of document.querySelectorAll("[data-screen]")) other.hidden = other !== section;
  document.querySelector("[data-frame=loading]").hidden = true;
  for (const link of document.querySelectorAll("nav a")) {
    link.toggleAttribute("aria-current", link.hash === `#${name}`);
  }
  const module = await SCREENS[name]();
  const cameFromElsewhere = shown !== null;
  shown = { module, section, args, name };
  await module.open(section, ...args);
  // The keyboard and the reading voice begin at the heading; the first screen of all leaves them.
  if (!cameFromElsewhere) return;
  window.scrollTo(0, 0);
  section.querySelector("[data-heading]")?.focus({ preventScroll: true });
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
  await shown.module.refresh?.(shown.section, ...shown.args);
}

window.addEventListener("hashchange", show);
document.addEventListener("phone:changed", refresh);
document.addEventListener("phone:condition", goWhereAllowed);
document.querySelector("[data-skip]").addEventListener("click", (event) => {
  event.preventDefault();
  document.querySelector("main").focus();
});
startFrame().then(show);
