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
let shown = null;

const parts = () => location.hash.slice(1).split("/").map(decodeURIComponent);

async function show() {
  const [wanted, ...args] = parts();
  const name = wanted in SCREENS ? wanted : FIRST;
  const section = document.querySelector(`[data-screen="${name}"]`);
  await shown?.module.leave?.(shown.section);
  for (const other of document.querySelectorAll("[data-screen]")) other.hidden = other !== section;
  const module = await SCREENS[name]();
  shown = { module, section, args };
  await module.open(section, ...args);
}

async function refresh() {
  await shown?.module.refresh?.(shown.section, ...shown.args);
}

window.addEventListener("hashchange", show);
document.addEventListener("phone:changed", refresh);
startFrame().then(show);
