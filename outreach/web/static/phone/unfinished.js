// Forms that were begun for visits that are in nobody's list any more: given to another team,
// called off, or too long ago. What was typed is still the official's, to keep, to finish or to delete.
import { download, fileOf } from "./files.js";
import { drafts } from "./store.js";
import { placeOf, visitOf } from "./visits.js";
import { copyOf, dayInWords, fill, number, say } from "./words.js";

/** Those of whoever is here: of nobody's visits nothing is told. */
export const unfinished = (all) => (all.me ? [...all.drafts.keys()].map((id) => leftOver(all, id)).filter(Boolean) : []);

/** What was begun for a visit that is not listed: `{visit_id, person, draft, village, day}`, or null. */
export function leftOver(all, visitId) {
  const id = Number(visitId);
  const draft = all.drafts.get(id);
  if (!all.me || !draft || visitOf(all, id)) return null;
  const { village, day } = draft.about ?? placeOf(all, id) ?? {};
  return { visit_id: id, person: draft.person ?? all.me, draft, village, day: day ?? draft.held_on };
}

/** In the form's place: what it would have gone on with. */
export function showLeftOver(section, one) {
  const holder = section.querySelector("[data-left-over]");
  holder.hidden = one === null;
  holder.querySelector("[data-left-over-card]").replaceChildren(...(one ? [cardOf(one, false)] : []));
}

/** A card of what was begun; `leads` to its form, unless that is where it stands. */
export function cardOf(one, leads = true) {
  const card = fill(copyOf("begun"), {
    village: one.village ?? say("some-village"),
    day: one.day ? dayInWords(one.day) : "",
    figures: figuresOf(one.draft),
    remarks: one.draft.remarks,
  });
  card.dataset.visit = card.dataset.key = one.visit_id;
  const open = card.querySelector("[data-open]");
  open.parentElement.hidden = !leads;
  open.href = `#form/${one.visit_id}`;
  card.querySelector("[data-begun-file]").addEventListener("click", async () => download(await fileOf([], [one])));
  card.querySelector("[data-begun-remove]").addEventListener("click", () => removeIfSure(one));
  return card;
}

function figuresOf(draft) {
  if (draft.met && draft.met !== "held") return say(`met_${draft.met}`);
  const typed = (name) => (/^\d{1,6}$/.test(draft[name] ?? "") ? number(Number(draft[name])) : draft[name] || "–");
  const facts = { men: typed("men"), women: typed("women"), signups: typed("signups"), paid: typed("paid") };
  return say(draft.paid ? "figures_paid" : "figures", facts);
}

async function removeIfSure({ visit_id, person }) {
  if (!window.confirm(say("begun-remove-sure"))) return;
  await drafts.remove(visit_id, person);
  if (location.hash.startsWith("#form/")) location.hash = "outbox";
  else document.dispatchEvent(new CustomEvent("phone:changed"));
}
