// One visit as a card: when, who comes, how it stands, and the one thing to do now.
import { villageToday } from "./clock.js";
import { foremost, itemsOf, standing, whyOf } from "./known.js";
import { copyOf, dayInWords, fill, number, say, show, time } from "./words.js";

const DAY_MS = 86_400_000;

export function cardOf(visit, all) {
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
  const giveBack = visit.can.includes("give_back") && next.act !== "act_answer" && !next.answered && !next.reported;
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
  if (report) return ofSavedReport(visit, report);
  if (all.drafts.has(visit.id)) {
    return { todo: say("draft_waits"), act: "act_continue", href: `#form/${visit.id}`, reported: false };
  }
  const step = ofVisit(visit, today);
  const [answer] = itemsOf(all, visit.id, "answer").slice(-1);
  return answer ? withAnswer(visit, step, answer) : step;
}

function ofSavedReport(visit, item) {
  const stands = standing(item);
  const mine = say(`report_${stands}`, { why: whyOf(item) });
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
  const withoutAnswer = step.act === "act_answer" ? { ...step, act: null, todo: "" } : step;
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
    const todo = say("todo_answer", { branch: visit.branch });
    return { todo, act: "act_answer", href: `#answer/${visit.id}` };
  }
  if (visit.work === "returned") {
    return { todo: say("todo_returned", { reason: visit.reason }), act: "act_report", href: form, quiet: true };
  }
  if (today !== null && visit.day > today) return { todo: say("todo_wait") };
  return { todo: say(over ? "todo_missing" : "todo_report"), act: "act_report", href: form };
}
