// The screen of what was not sent yet: why, and what can be done about it.
import { download, fileOf, readIn } from "./files.js";
import { sendNow } from "./outbox.js";
import { isUnsent, outbox, state } from "./store.js";
import { copyOf, dayInWords, fill, moment, say, sayCount } from "./words.js";

let listening = false;

export async function open(section) {
  if (!listening) listen(section);
  listening = true;
  section.querySelector("[data-read-in-told]").hidden = true;
  await refresh(section);
}

export async function refresh(section) {
  const items = (await outbox.all()).filter(isUnsent);
  const visits = new Map(((await state.get().catch(() => null))?.json.visits ?? []).map((visit) => [visit.id, visit]));
  section.querySelector("[data-none]").hidden = items.length > 0;
  section.querySelector("[data-some]").hidden = items.length === 0;
  section.querySelector("[data-list]").replaceChildren(...items.map((item) => card(item, visits.get(item.visit_id))));
}

function card(item, visit) {
  const one = copyOf("unsent");
  const refused = item.state === "refused";
  one.dataset.id = item.id;
  one.dataset.state = item.state;
  fill(one, {
    village: visit?.village ?? say("some-village"),
    what: say(`kind-${item.kind}`) + (item.body.held_on ? `, ${dayInWords(item.body.held_on)}` : ""),
    saved: say("saved-at", { when: moment(item.added_at) }),
    standing: item.kept ? say(`item-${item.state}`) : say("item-not-kept"),
    why: item.answer?.message ?? "",
  });
  const problems = Object.values(item.answer?.words ?? {}).flat();
  one.querySelector("[data-problems]").replaceChildren(...problems.map(line));
  const correct = one.querySelector("[data-correct]");
  correct.hidden = !refused || item.kind === "evidence" || !visit;
  correct.href = item.kind === "report" ? `#form/${item.visit_id}/${item.id}` : `#answer/${item.visit_id}`;
  one.querySelector("[data-remove]").hidden = !refused;
  return one;
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
  section.querySelector("[data-read-in]").addEventListener("change", (event) => readInAndTell(section, event.target));
}

async function readInAndTell(section, field) {
  const [file] = field.files;
  const count = file ? await readIn(file) : null;
  const told = section.querySelector("[data-read-in-told]");
  told.hidden = !file;
  told.textContent = count === null ? say("no-such-file") : [
    sayCount("read-in", count.added),
    count.known ? sayCount("read-in-known", count.known) : "",
    count.unreadable ? sayCount("read-in-bad", count.unreadable) : "",
  ].filter(Boolean).join(" ");
  field.value = "";
  if (count?.added) sendNow();
}
