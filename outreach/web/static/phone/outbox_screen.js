// The screen of what was not sent yet: why, and what can be done about it.
import { download, fileOf, readIn, takeOver } from "./files.js";
import { sendNow } from "./outbox.js";
import { byPerson, drafts, isOf, isUnsent, outbox, settings, whoIsHere } from "./store.js";
import { cardOf, unfinished } from "./unfinished.js";
import { answerInWords, known, placeOf, visitOf } from "./visits.js";
import { cardsOf, copyOf, dayInWords, fill, moment, redraw, say, sayCount } from "./words.js";

const NOTHING_KNOWN = { me: null, visits: [], reports: [], drafts: new Map() };
let listening = false;
let offered = [];

export async function open(section) {
  if (!listening) listen(section);
  listening = true;
  section.querySelector("[data-read-in-told]").hidden = true;
  offer(section, []);
  await refresh(section);
}

export async function refresh(section) {
  const [all, person] = await Promise.all([outbox.all().catch(() => null), whoLooks()]);
  // The frame says that it cannot be read; what was listed before is left as it is.
  if (all === null) return void (section.querySelector("[data-none]").hidden = true);
  const left = all.filter(isUnsent);
  const items = left.filter((item) => isOf(item, person));
  await showOthers(section, left.filter((item) => !isOf(item, person)), person);
  const here = await known().catch(() => NOTHING_KNOWN);
  const begun = unfinished(here);
  section.querySelector("[data-begun]").hidden = begun.length === 0;
  redraw(section.querySelector("[data-begun-list]"), begun.map((one) => cardOf(one)));
  section.querySelector("[data-all]").hidden = items.length + here.drafts.size === 0;
  section.querySelector("[data-none]").hidden = items.length > 0;
  section.querySelector("[data-some]").hidden = items.length === 0;
  redraw(section.querySelector("[data-list]"), cardsOf(items, (item) => card(item, here), plainCard));
}

/** What somebody else saved here: how many, and whose; what it says is nobody else's business. */
async function showOthers(section, items, person) {
  const begun = (await drafts.all({ everybodys: true }).catch(() => [])).filter((one) => !isOf(one, person));
  const lines = [
    ...byPerson(items).map(([name, theirs]) => othersLine(name, sayCount("others", theirs.length, { name }), true)),
    ...byPerson(begun).map(([name, theirs]) => othersLine(name, sayCount("others-begun", theirs.length, { name }), false)),
  ];
  section.querySelector("[data-others]").hidden = lines.length === 0;
  redraw(section.querySelector("[data-others-list]"), lines);
}

function othersLine(name, told, asFile) {
  const line = fill(copyOf("others"), { told });
  line.dataset.person = name;
  line.dataset.key = `${name}/${asFile}`;
  line.querySelector("[data-others-file]").hidden = !asFile;
  return line;
}

/** Where nobody is known: whoever was connected last, or nobody whose things are here. */
const whoLooks = async () => (
  (await whoIsHere()) ?? (await settings.get("person").catch(() => null)) ?? { id: null }
);

async function fileOfOthers(name) {
  const person = await whoLooks();
  const theirs = (await outbox.all()).filter((item) => isUnsent(item) && !isOf(item, person));
  download(await fileOf(theirs.filter((item) => item.person.name === name)));
}

function card(item, here) {
  const place = placeOf(here, item.visit_id);
  const opens = item.kind === "answer" ? visitOf(here, item.visit_id) : place;
  const one = copyOf("unsent");
  const refused = item.state === "refused";
  one.dataset.id = one.dataset.key = item.id;
  one.dataset.state = item.state;
  fill(one, {
    village: (item.about ?? place)?.village ?? say("some-village"),
    what: [say(`kind-${kindOf(item)}`), dayOf(item)].filter(Boolean).join(", "),
    told: item.kind === "answer" ? answerInWords(item) : "",
    saved: say("saved-at", { when: moment(item.added_at) }),
    standing: item.kept ? say(`item-${item.state}`) : say("item-not-kept"),
    made_by: item.made_by ? say("made-by", { name: item.made_by.name }) : "",
    why: item.answer?.message ?? "",
  });
  const problems = Object.values(item.answer?.words ?? {}).flat();
  one.querySelector("[data-problems]").replaceChildren(...problems.map(line));
  const correct = one.querySelector("[data-correct]");
  correct.hidden = !refused || item.kind === "evidence" || !opens;
  correct.href = item.kind === "report" ? `#form/${item.visit_id}/${item.id}` : `#answer/${item.visit_id}`;
  one.querySelector("[data-remove]").hidden = !refused;
  return one;
}

/** Of one that cannot be shown: it can be kept as a file and removed. */
function plainCard(item) {
  const one = fill(copyOf("unsent"), {
    village: say("some-village"), what: say("item-unshown"), told: "", made_by: "", saved: "", standing: say("item-waiting"), why: "",
  });
  one.dataset.id = one.dataset.key = item.id;
  one.dataset.state = item.state;
  one.querySelector("[data-correct]").hidden = true;
  one.querySelector("[data-remove]").hidden = false;
  return one;
}

/** When the session was held, or that of the visit which the answer is about. */
function dayOf({ kind, body, about }) {
  const day = body.held_on ?? (kind === "answer" ? about?.day : null);
  return day ? dayInWords(day) : "";
}

function kindOf({ kind, body }) {
  if (kind === "evidence") return body.kind;
  return body.corrects_id ? "correction" : kind;
}

function line(words) {
  const one = document.createElement("li");
  one.textContent = words;
  return one;
}

function listen(section) {
  section.addEventListener("click", async (event) => {
    const id = event.target.closest("[data-id]")?.dataset.id;
    if (!id) return;
    const item = await outbox.get(id);
    if (item && event.target.closest("[data-file]")) download(await fileOf([item]));
    if (item && event.target.closest("[data-remove]") && window.confirm(say("remove-sure"))) await outbox.remove(id);
  });
  section.querySelector("[data-others]").addEventListener("click", (event) => {
    if (event.target.closest("[data-others-file]")) fileOfOthers(event.target.closest("[data-person]").dataset.person);
  });
  section.querySelector("[data-read-in]").addEventListener("change", (event) => readInAndTell(section, event.target));
  section.querySelector("[data-read-in-sure]").addEventListener("change", (event) => {
    section.querySelector("[data-read-in-take]").disabled = !event.target.checked;
  });
  section.querySelector("[data-read-in-take]").addEventListener("click", () => takeOffered(section));
}

async function readInAndTell(section, field) {
  const [file] = field.files;
  if (file) tell(section, say("reading"));
  const person = await whoIsHere();
  const reading = file && person ? readIn(file, person) : null;
  const count = await Promise.resolve(reading).catch((error) => console.warn(error));
  field.value = "";
  offer(section, count?.others ?? [], person);
  if (!file) return;
  if (count === undefined) return void tell(section, say("read-in-failed"));
  tellCount(section, count, person ? "no-such-file" : "read-in-nobody");
  if (count?.begun) await refresh(section);
}

/** Ask before anything of somebody else's is sent in the name of whoever holds this phone. */
function offer(section, items, person = null) {
  offered = items;
  const asking = section.querySelector("[data-read-in-others]");
  asking.hidden = items.length === 0;
  section.querySelector("[data-read-in-sure]").checked = false;
  section.querySelector("[data-read-in-take]").disabled = true;
  if (items.length === 0) return;
  const names = byPerson(items).map(([name]) => name || say("somebody")).join(", ");
  section.querySelector("[data-read-in-whose]").textContent = sayCount("read-in-others", items.length, { name: names, me: person.name });
}

async function takeOffered(section) {
  const person = await whoIsHere();
  const items = offered;
  offer(section, []);
  const told = section.querySelector("[data-read-in-told]");
  tell(section, say("reading"));
  told.focus(); // the button that was pressed is gone
  if (person) tellCount(section, await takeOver(items, person));
}

function tell(section, words) {
  const told = section.querySelector("[data-read-in-told]");
  told.hidden = words === "";
  told.textContent = words;
}

function tellCount(section, count, otherwise) {
  if (count === null) return void tell(section, say(otherwise));
  const { added, begun, known: before, unreadable, unkept, others } = count;
  const nothing = added + begun + before + unreadable + unkept === 0;
  tell(section, nothing && others.length > 0 ? "" : [
    added || begun + unkept === 0 ? sayCount("read-in", added) : "",
    begun ? sayCount("read-in-begun", begun) : "",
    before ? sayCount("read-in-known", before) : "",
    unreadable ? sayCount("read-in-bad", unreadable) : "",
    unkept ? sayCount("read-in-unkept", unkept) : "",
  ].filter(Boolean).join(" "));
  if (added + unkept > 0) sendNow();
}
