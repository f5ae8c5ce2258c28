// Can the village host? The answer is kept here and sent like all else.
import { problemOfText } from "./checks.js";
import { uuid7 } from "./ids.js";
import { aboutOf, answerInWords, known, lastAnswer, standing, visitOf, whyOf } from "./visits.js";
import { outbox } from "./store.js";
import { copyOf, dayInWords, fill, say, sayOr, show, time } from "./words.js";

const MOST_LETTERS = 1000;
let visit = null;
let me = null;
let wired = false;

export async function open(section, visitId) {
  if (!wired) wire(section);
  wired = true;
  for (const field of section.querySelectorAll("textarea")) field.value = "";
  for (const part of section.querySelectorAll("details")) part.open = false;
  clearProblems(section);
  fill(section, { trouble: "" });
  await refresh(section, visitId);
  section.querySelector("[data-no]").open = Boolean(visit) && !visit.can.includes("answer");
}

export async function refresh(section, visitId) {
  const all = await known();
  visit = visitOf(all, visitId) ?? null;
  me = all.me;
  const answers = visit?.can.includes("answer") ?? false;
  const open = answers || (visit?.can.includes("give_back") ?? false);
  fill(section, {
    title: say(answers || !visit ? "title_answer" : "title_give_back"),
    village: visit?.village,
    day: visit && dayInWords(visit.day),
    time: visit && time(visit.starts_at, visit.zone_name),
    team: visit && `${visit.team}, ${visit.branch}`,
    earlier: earlierWords(all, visitId),
  });
  show(section, "gone", !open);
  section.querySelector("[data-answer-form]").hidden = !open;
  for (const part of ["can", "another_day"]) show(section, part, answers);
  showOpenings(section);
}

function earlierWords(all, visitId) {
  const item = lastAnswer(all, visitId);
  if (!item) return "";
  return `${answerInWords(item)} ${say(`answer_${standing(item)}`, { why: whyOf(item) })}`;
}

function showOpenings(section) {
  const openings = visit?.openings ?? [];
  show(section, "openings", openings.length > 0);
  const buttons = openings.map((one) => {
    const facts = { day: dayInWords(one.day), time: time(one.starts_at, visit.zone_name) };
    const button = fill(copyOf("opening"), { opening: say("opening", facts) });
    button.dataset.place = one.place;
    return button;
  });
  const holder = section.querySelector("[data-openings]");
  const same = [...holder.children].map((one) => one.dataset.place).join() === openings.map((one) => one.place).join();
  if (!same) holder.replaceChildren(...buttons);
}

function wire(section) {
  section.querySelector("[data-answer-form]").addEventListener("submit", (event) => event.preventDefault());
  section.addEventListener("click", (event) => {
    const { place, reason, say: said } = event.target.closest("button")?.dataset ?? {};
    if (place) save(section, { answer: "another_day", place, reason: "" });
    else if (reason) save(section, { answer: "no", place: "", reason });
    else if (said === "can") save(section, { answer: "can", place: "", reason: "" });
    else if (said === "another_day") saveText(section, "another_day", "wish");
    else if (said === "no") saveText(section, "no", "reason");
  });
}

function saveText(section, answer, field) {
  clearProblems(section);
  const input = section.querySelector(field === "wish" ? "[data-wish]" : "[data-own-reason]");
  const text = input.value.trim();
  const code = text ? problemOfText(text, MOST_LETTERS) : `say_a_${field}`;
  if (!code) return save(section, { answer, place: "", reason: text });
  const words = sayOr(`problem.${field}.${code}`, `problem.${code}`);
  const line = section.querySelector(`[data-problem="${field}"]`);
  line.textContent = words;
  line.hidden = false;
  input.setAttribute("aria-invalid", "true");
  return input.focus();
}

function clearProblems(section) {
  for (const line of section.querySelectorAll("[data-problem]")) line.hidden = true;
  for (const field of section.querySelectorAll("textarea")) field.removeAttribute("aria-invalid");
}

async function save(section, { answer, place, reason }) {
  if (!visit) return;
  const { id: visitId, version } = visit;
  if (answer === "no" && !visit.can.includes("answer") && !window.confirm(say("give_back_sure", factsOf(visit)))) return;
  const id = uuid7();
  const body = { id, visit_id: visitId, version, answer, place, reason };
  const buttons = section.querySelectorAll("button");
  for (const button of buttons) button.disabled = true;
  try {
    const kept = await outbox.add({ id, kind: "answer", visit_id: visitId, body, about: toldOf(place), person: me });
    fill(section, { trouble: kept ? "" : say("no_room") });
    if (kept) location.hash = `saved/${id}`;
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}

/** What the receipt tells of the visit, with the day that was chosen for it. */
function toldOf(place) {
  const chosen = visit.openings.find((one) => one.place === place);
  return { ...aboutOf(visit), chosen: chosen && { day: chosen.day, starts_at: chosen.starts_at } };
}

const factsOf = ({ village, day, starts_at, zone_name }) =>
  ({ village, day: dayInWords(day), time: time(starts_at, zone_name) });
