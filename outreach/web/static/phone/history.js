// All sessions of the own villages, with what became of them; it needs no network.
import { answerInWords, known, lateAnswers, noteSeen, nowInWords, placeOf, standing, visitOf, whyOf } from "./visits.js";
import { cardsOf, copyOf, dayInWords, fill, number, redraw, say, show, time } from "./words.js";

const ANSWERS_MS = 56 * 86_400_000;

export async function open(section) {
  await refresh(section);
}

export async function refresh(section) {
  const all = await known();
  // Sent or too late, an answer is with the branch: it stands below.
  const isHere = ({ kind, state }) => kind === "report" || (kind === "answer" && !["sent", "disputed"].includes(state));
  const mine = all.items.filter(isHere);
  // The refused first: they wait for somebody here, the others only for a network.
  mine.sort((a, b) => Number(b.state === "refused") - Number(a.state === "refused") || b.number - a.number);
  put(section, "answers", "[data-answers]", cardsOf(lastAnswers(all), (item) => ofItem(item, all), unshown));
  const reports = all.reports.filter((one) => !one.corrected_by);
  put(section, "unsent", "[data-mine]", cardsOf(mine, (item) => ofItem(item, all), unshown));
  put(section, "disputes", "[data-disputes]", cardsOf(all.disputes, ofDispute, unshown));
  redraw(section.querySelector("[data-reports]"), cardsOf(reports, (one) => ofReport(one, all), unshown));
  show(section, "nothing", reports.length === 0);
  put(section, "villages", "[data-villages]", all.villages.map(ofVillage));
  await noteSeen(lateAnswers(all));
}

/** The answers of the last weeks, the last one first: the server's state tells only what came of them. */
function lastAnswers(all) {
  const since = new Date(Date.now() - ANSWERS_MS).toISOString();
  const both = [...all.answers, ...lateAnswers(all)].filter((item) => item.added_at > since);
  return both.sort((a, b) => b.added_at.localeCompare(a.added_at));
}

function put(section, part, holder, lines) {
  show(section, part, lines.length > 0);
  redraw(section.querySelector(holder), lines);
}

function figures(one) {
  if (one.met && one.met !== "held") return say(`met_${one.met}`);
  const { men, women, signups, paid } = one;
  const counted = paid !== null && paid !== undefined;
  const facts = { men: number(men), women: number(women), signups: number(signups), paid: number(paid ?? 0) };
  return say(counted ? "figures_paid" : "figures", facts);
}

function entry(texts, link) {
  const line = fill(copyOf("entry"), { receipt: "", why: "", pictures: "", figures: "", act: "", ...texts });
  const act = line.querySelector("[data-act]");
  act.parentElement.hidden = !link;
  if (link) act.href = link;
  fill(line, { act_for: link && say("for_visit", { village: texts.village, day: texts.day }) });
  return line;
}

/** Of one that cannot be shown; the screen of what was not sent tells what to do about it. */
const unshown = () => entry({ village: say("unknown_village"), day: "", state: say("item-unshown") });

const dayOf = (one) => `${dayInWords(one.held_on)}, ${time(one.held_at, one.zone_name)}`;

function ofItem(item, all) {
  const visit = item.about ?? placeOf(all, item.visit_id);
  const village = visit?.village ?? say("unknown_village");
  const stands = standing(item);
  const state = say(`${item.kind}_${stands}`, { why: whyOf(item) });
  if (item.kind === "answer") {
    const day = visit ? dayInWords(visit.day) : "";
    const why = stands === "disputed" ? nowInWords(item, all) : "";
    const again = why && visitOf(all, item.visit_id)?.can.includes("answer");
    const told = { village, day, figures: answerInWords(item), state, why, act: again && say("act_answer_anew") };
    return entry(told, again && `#answer/${item.visit_id}`);
  }
  const day = dayOf({ ...item.body, zone_name: visit?.zone_name });
  const told = { village, day, figures: figures(item.body), state, receipt: item.answer?.receipt };
  if (stands === "disputed") return entry(told);
  const act = say(stands === "refused" ? "act_fix" : "act_correct");
  return keyed(item.id, entry({ ...told, act }, `#form/${item.visit_id}${stands === "refused" ? `/${item.id}` : ""}`));
}

function keyed(key, line) {
  line.dataset.key = key;
  return line;
}

function ofReport(report, all) {
  const may = (report.can ?? visitOf(all, report.visit_id)?.can ?? []).includes("correct");
  const sentBack = report.review === "sent_back";
  const line = entry(
    {
      village: report.village,
      day: dayOf(report),
      figures: figures(report),
      state: sentBack ? say("review_sent_back", { reason: report.reason }) : report.review_word,
      receipt: report.receipt,
      pictures: pictures(report),
      act: may && say("act_correct"),
    },
    may && `#form/${report.visit_id}`,
  );
  line.querySelector("[data-act]").classList.toggle("second", !sentBack);
  line.dataset.review = report.review;
  keyed(report.id, line);
  const flags = (report.flags ?? []).map((flag) => fill(copyOf("flag"), { flag }));
  line.querySelector("[data-flags]").replaceChildren(...flags);
  line.querySelector("[data-flags]").hidden = flags.length === 0;
  return line;
}

function pictures({ photo, signature }) {
  if (photo && signature) return say("pictures_both");
  return photo ? say("pictures_photo") : signature ? say("pictures_signature") : "";
}

function ofDispute(dispute) {
  const { village } = dispute;
  const state = dispute.ruling_word || say("report_disputed");
  return entry({ village, day: dayOf(dispute), figures: figures(dispute), state, why: dispute.reason_word });
}

function ofVillage(village) {
  const { informal_workers: workers, covered } = village;
  const isKnown = workers !== null && workers !== undefined && covered !== null && covered !== undefined;
  return fill(copyOf("village"), {
    name: village.name,
    sessions: number(village.sessions),
    signups: number(village.signups),
    paid: village.paid === null || village.paid === undefined ? "" : number(village.paid),
    uncovered: isKnown ? number(Math.max(0, workers - covered)) : "",
    next: village.next_visit
      ? say("next_visit", { day: dayInWords(village.next_visit) })
      : say("no_next_visit"),
  });
}
