// The visits: what this phone knows of them, their cards, and the first screen of all.
import { villageToday } from "./hardware.js";
import { drafts, isOf, outbox, personOf, state, storedAs } from "./store.js";
import { cardsOf, copyOf, dayInWords, fill, number, redraw, say, show, time } from "./words.js";

// The next visits: the nearest first and large, with the one thing to do now.
export async function open(section) {
  await refresh(section);
}

export async function refresh(section) {
  const all = await known();
  const visits = inOrder(all.visits);
  show(section, "unknown", !all.told);
  show(section, "empty", all.told && visits.length === 0);
  const late = lateAnswers(all).filter((item) => !item.answer?.seen);
  redraw(section.querySelector("[data-late]"), cardsOf(late, (item) => ofLate(item, all), () => fill(copyOf("late"), { state: say("item-unshown") })));
  const list = section.querySelector("[data-list]");
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  list.replaceChildren(...visits.map((visit) => cardOf(visit, all)));
  if (focused) list.querySelector(`[data-key="${focused}"]`)?.focus();
}

/** Today's first, then those whose report is missing, then what comes. */
function inOrder(visits) {
  const keyed = visits.map((visit) => {
    const today = villageToday(visit.zone);
    if (!today || visit.day > today) return [2, visit.day + visit.starts_at, visit];
    if (visit.day === today) return [0, visit.starts_at, visit];
    return [1, String(99_999_999 - Number(visit.day.replaceAll("-", ""))), visit];
  });
  const before = (a, b) => a[0] - b[0] || a[1].localeCompare(b[1]);
  return keyed.sort(before).map(([, , visit]) => visit);
}

/** Until it was looked at: the visit may be in the list no more, and nothing else here tells of it. */
function ofLate(item, all) {
  const about = item.about ?? placeOf(all, item.visit_id);
  const card = fill(copyOf("late"), {
    village: about?.village ?? say("unknown_village"),
    day: about?.day && dayInWords(about.day),
    told: answerInWords(item),
    state: say("answer_disputed"),
    now: nowInWords(item, all),
  });
  card.dataset.key = `late-${item.id}`;
  card.querySelector("[data-look]").href = `#saved/${item.id}`;
  return card;
}

// One visit, for links that lead to it.
export const one = { open: refreshOne, refresh: refreshOne };

async function refreshOne(section, visitId) {
  const all = await known();
  const visit = visitOf(all, visitId);
  show(section, "gone", !visit);
  section.querySelector("[data-one]").replaceChildren(...(visit ? [cardOf(visit, all)] : []));
}

// One visit as a card: when, who comes, how it stands, and the one thing to do now.

const DAY_MS = 86_400_000;

function cardOf(visit, all) {
  const card = copyOf("visit");
  const today = villageToday(visit.zone);
  const next = nextStep(visit, all, today);
  fill(card, {
    near: nearness(visit, today, next),
    village: visit.village,
    day: dayInWords(visit.day),
    time: time(visit.starts_at, visit.zone_name),
    where: `${visit.kind} · ${visit.district}, ${visit.regency} · ${visit.team}`,
    status: visit.work_word,
    mine: next.mine,
    todo: next.todo,
    act: next.act && say(next.act),
  });
  setWays(card, visit, next);
  setContact(card, visit);
  return card;
}

function setWays(card, visit, next) {
  const forVisit = say("for_visit", { village: visit.village, day: dayInWords(visit.day) });
  const act = card.querySelector("[data-act]");
  act.parentElement.hidden = !next.act;
  act.href = next.href ?? "#visits";
  act.dataset.key = `act-${visit.id}`;
  act.classList.toggle("second", Boolean(next.quiet));
  const report = visit.can.includes("report") && next.act !== "act_report" && !next.reported;
  const giveBack = visit.can.includes("give_back") && !next.href?.startsWith("#answer") && !next.answered && !next.reported;
  show(card, "report", report);
  show(card, "give_back", giveBack);
  card.querySelector("[data-report]").href = `#form/${visit.id}`;
  card.querySelector("[data-give-back]").href = `#answer/${visit.id}`;
  fill(card, { act_for: forVisit, report_for: forVisit, give_back_for: forVisit });
}

function setContact(card, visit) {
  const phone = visit.team_phone;
  fill(card, { call: phone && say("call", { team: visit.team, phone }) });
  show(card, "whatsapp", Boolean(phone));
  if (!phone) return;
  card.querySelector("[data-call]").href = `tel:${phone}`;
  card.querySelector("[data-whatsapp]").href = `https://wa.me/${phone.replace(/\D/g, "")}`;
}

/** Say how near the day is; that its report is missing once it is over by the village's clock. */
function nearness(visit, today, next) {
  if (!today) return "";
  const days = Math.round((Date.parse(visit.day) - Date.parse(today)) / DAY_MS);
  if (days < 0 && visit.can.includes("report") && !next.reported) return say("missing");
  if (days === 0) return say("today");
  if (Math.abs(days) === 1) return say(days > 0 ? "tomorrow" : "yesterday");
  return say(days > 0 ? "in_days" : "days_ago", { days: number(Math.abs(days)) });
}

/** What stands between this visit and the next thing, and which button leads there. */
function nextStep(visit, all, today) {
  const report = foremost(itemsOf(all, visit.id, "report"));
  if (report) return ofSavedReport(visit, report, all.drafts.has(visit.id));
  if (all.drafts.has(visit.id)) {
    return { todo: say("draft_waits"), act: "act_continue", href: `#form/${visit.id}`, reported: false };
  }
  const step = ofVisit(visit, today);
  const answer = lastAnswer(all, visit.id);
  return answer ? withAnswer(visit, step, answer) : step;
}

function ofSavedReport(visit, item, begun) {
  const stands = standing(item);
  const mine = say(`report_${stands}`, { why: whyOf(item) });
  if (begun) {
    const href = `#form/${visit.id}${stands === "refused" ? `/${item.id}` : ""}`;
    return { mine, todo: say("draft_waits"), act: "act_continue", href, reported: true };
  }
  if (stands === "refused") {
    return { mine, act: "act_fix", href: `#form/${visit.id}/${item.id}`, reported: true };
  }
  const act = stands === "disputed" ? null : "act_correct";
  return { mine, act, href: `#form/${visit.id}`, quiet: true, reported: true };
}

/** An answer that is on its way is not asked for again; one that was not taken is. */
function withAnswer(visit, step, item) {
  const stands = standing(item);
  const mine = say(`answer_${stands}`, { why: whyOf(item) || say("why_unknown") });
  if (stands === "refused" || stands === "disputed") return { ...step, mine };
  const withoutAnswer = step.href?.startsWith("#answer") ? { ...step, act: null, todo: "" } : step;
  return { ...withoutAnswer, mine, answered: true };
}

function ofVisit(visit, today) {
  const form = `#form/${visit.id}`;
  if (visit.work === "sent_back") {
    return { todo: say("todo_sent_back", { reason: visit.reason }), act: "act_correct", href: form };
  }
  if (!visit.can.includes("report")) {
    const reported = visit.can.includes("correct");
    return { todo: say(reported ? "todo_done" : "todo_proposed"), reported };
  }
  const over = today !== null && visit.day < today;
  if (visit.can.includes("answer") && !over) {
    if (visit.wish) {
      const wished = say("todo_wished", { wish: visit.wish, branch: visit.branch });
      return { todo: wished, act: "act_answer_anew", href: `#answer/${visit.id}`, quiet: true };
    }
    const todo = say("todo_answer", { branch: visit.branch });
    return { todo, act: "act_answer", href: `#answer/${visit.id}` };
  }
  if (visit.work === "returned") {
    return { todo: say("todo_returned", { reason: visit.reason }), act: "act_report", href: form, quiet: true };
  }
  if (today !== null && visit.day > today) return { todo: say("todo_wait") };
  return { todo: say(over ? "todo_missing" : "todo_report"), act: "act_report", href: form };
}

// What this phone knows about visits: told by the server, and saved here since.

export const UNSENT = new Set(["waiting", "held"]);

/** All of it at once, as it is at this moment. */
export async function known() {
  const [told, items, begun, taken] = await Promise.all([
    state.get(), outbox.all(), drafts.all(), outbox.allTaken(),
  ]);
  const json = told?.json ?? null;
  const me = json ? personOf(json) : null;
  return {
    me,
    told: json !== null,
    photos: json?.photos ?? true,
    visits: json?.visits ?? [],
    reports: json?.reports ?? [],
    villages: json?.villages ?? [],
    disputes: json?.disputes ?? [],
    items: items.filter((item) => isOf(item, me) && !isTold(item, json)),
    answers: [...taken, ...items.filter((item) => item.kind === "answer" && item.state === "sent")]
      .filter((item) => isOf(item, me)),
    drafts: new Map(begun.map((one) => [one.visit_id, one.draft])),
  };
}

/** Whether the server's own words about an item are here, so that ours are not needed. */
function isTold(item, json) {
  if (item.kind !== "report" || !json) return false;
  const told = (list, key) => list.some((one) => one[key] === storedAs(item));
  if (item.state === "sent") return told(json.reports, "id");
  return item.state === "disputed" && told(json.disputes, "report_id");
}

export const visitOf = (all, visitId) => all.visits.find((one) => one.id === Number(visitId));

/**
 * The visit as far as anything here tells of it: its own lines, or those of a report of it. Of the
 * latter the day is when it was held; what was planned is not known then.
 */
export function placeOf(all, visitId) {
  const visit = visitOf(all, visitId);
  if (visit) return visit;
  const report = all.reports.find((one) => one.visit_id === Number(visitId));
  return report && { ...report, id: report.visit_id, day: report.held_on, starts_at: report.held_at, unplanned: true, can: [] };
}

/** What is told of a visit once it is in the server's state no more. */
export const aboutOf = ({ village, day, starts_at, zone_name }) => ({ village, day, starts_at, zone_name });

export const itemsOf = (all, visitId, kind) =>
  all.items.filter((item) => item.visit_id === Number(visitId) && item.kind === kind);

/** The report of a visit that counts, as far as this phone knows: a saved one before a stored. */
export function currentReport(all, visitId) {
  const items = itemsOf(all, visitId, "report").filter((item) => item.state !== "disputed");
  if (items.length > 0) {
    const item = items[items.length - 1];
    return { id: item.id, content: item.body, item, report: null };
  }
  const report = all.reports.find((one) => one.visit_id === Number(visitId) && !one.corrected_by);
  return report ? { id: report.id, content: report, item: null, report } : null;
}

/** The saved item of a visit that people should hear about first: a refused one, else the last. */
export function foremost(items) {
  const refused = items.find((item) => item.state === "refused");
  return refused ?? items[items.length - 1] ?? null;
}

/** Why the server did not take an item, in its own words. */
export function whyOf(item) {
  const answer = item.answer ?? {};
  const words = Object.values(answer.words ?? {}).flat();
  return words.length > 0 ? words.join(" ") : (answer.message ?? "");
}

/** The last answer to a visit that the server's own words do not tell of yet. */
export function lastAnswer(all, visitId) {
  const [item] = itemsOf(all, visitId, "answer").slice(-1);
  const isOver = item && all.answers.some((one) => one.visit_id === item.visit_id && one.added_at > item.added_at);
  return isOver ? null : (item ?? null);
}

/** Those that came too late to count: the branch has them, to read. */
export const lateAnswers = (all) => all.items.filter((item) => item.kind === "answer" && item.state === "disputed");

/** What holds of the visit now that an answer to it came too late. */
export function nowInWords(item, all) {
  const visit = visitOf(all, item.visit_id);
  if (!visit) return say("late_gone");
  const facts = { day: dayInWords(visit.day), time: time(visit.starts_at, visit.zone_name), status: visit.work_word };
  return [say("late_now", facts), visit.can.includes("answer") ? say("late_again") : ""].join(" ").trim();
}

/** Note that somebody has read what became of late answers: from then on only the history tells it. */
export async function noteSeen(items) {
  if (document.visibilityState !== "visible" || document.querySelector("[data-locked]")) return;
  for (const { id, state: stands, answer } of items.filter((item) => !item.answer?.seen)) {
    await outbox.mark(id, { state: stands, answer: { ...answer, seen: true } });
  }
}

/** What was answered to a visit, with the other day or the reason. */
export function answerInWords({ body, about }) {
  const answered = say("you_answered", { answer: say(`answer_${body.answer}`) });
  const chosen = about?.chosen;
  const day = chosen && say("opening", { day: dayInWords(chosen.day), time: time(chosen.starts_at, about.zone_name) });
  return [answered, day ?? body.reason].filter(Boolean).join(" ");
}

/** The one word for how an item stands: waiting, sent, refused or disputed. */
export const standing = (item) => (UNSENT.has(item.state) ? "waiting" : item.state);
