// What became of what was saved. It says "sent" only once the server's answer is here.
import { answerInWords, known, noteSeen, nowInWords, placeOf, standing, visitOf, whyOf } from "./visits.js";
import { canKeepPage, isOf, outbox, storedAs } from "./store.js";
import { copyOf, dayInWords, fill, say, show } from "./words.js";

export async function open(section, id) {
  await refresh(section, id);
}

export async function refresh(section, id) {
  const all = await known();
  // An answer leaves the outbox once the server's state is here.
  const kept = (await outbox.get(id)) ?? (await outbox.taken(id));
  const item = kept && isOf(kept, all.me) ? kept : null;
  const stored = storedAs(item ?? { id });
  const report = all.reports.find((one) => one.id === stored);
  const dispute = all.disputes.find((one) => one.report_id === id);
  const shown = report ? ofReport(report) : dispute ? ofDispute(dispute) : item ? ofItem(item, all) : { title: say("saved_unknown") };
  const visitId = report?.visit_id ?? item?.visit_id;
  const visit = dispute ?? item?.about ?? placeOf(all, visitId);
  const day = report?.held_on ?? dispute?.held_on ?? item?.body.held_on ?? visit?.day;
  const about = { village: visit?.village, day: day && dayInWords(day) };
  fill(section, { ...about, state: "", receipt: "", why: "", told: "", ...shown });
  section.querySelector("[data-outcome]").dataset.outcome = shown.stands ?? "unknown";
  const correct = Boolean(report) || (!dispute && item?.kind === "report" && item.state !== "disputed");
  show(section, "correct", correct);
  const refused = !report && item?.state === "refused" ? `/${id}` : "";
  section.querySelector("[data-correct]").href = `#form/${visitId}${refused}`;
  showPictures(section, all, id, report);
  const again = item && isLate(item) && visitOf(all, visitId)?.can.includes("answer");
  show(section, "again", Boolean(again));
  section.querySelector("[data-again]").href = `#answer/${visitId}`;
  if (item && isLate(item)) await noteSeen([item]);
}

function ofReport(report) {
  return { stands: "sent", title: say("saved_sent"), state: say("told_sent"), receipt: report.receipt };
}

function ofDispute({ ruling, ruling_word: ruled, reason_word: why }) {
  const title = say(ruling ? "saved_ruled" : "saved_disputed");
  return { stands: "disputed", title, state: ruling ? ruled : say("told_disputed"), why };
}

function ofItem(item, all) {
  const stands = item.kept === false && item.state !== "sent" ? "unkept" : standing(item);
  if (isLate(item)) return ofLate(item, all);
  const title = say(`saved_${stands}`);
  const receipt = item.answer?.receipt ?? "";
  const told = item.kind === "answer" ? answerInWords(item) : "";
  return { stands, title, state: stateOf(item, stands), receipt, told, why: whyOfOutcome(item, stands) };
}

const isLate = (item) => item.kind === "answer" && item.state === "disputed";

function ofLate(item, all) {
  return {
    stands: "disputed", title: say("saved_late"), state: say("answer_disputed"), told: answerInWords(item), why: nowInWords(item, all),
  };
}

function stateOf(item, stands) {
  if (stands === "waiting") return say(`told_${item.kind === "answer" ? "answer_" : ""}${item.state}${item.state === "waiting" && !canKeepPage() ? "_unkept_page" : ""}`);
  const isAnswer = item.kind === "answer" && (stands === "sent" || stands === "refused");
  return say(isAnswer ? `told_answer_${stands}` : `told_${stands}`);
}

function whyOfOutcome(item, stands) {
  return stands === "refused" || stands === "disputed" ? whyOf(item) : "";
}

/** A line for each picture: as its item stands here, else as the server tells of the report. */
function showPictures(section, all, reportId, report) {
  const items = all.items.filter((one) => one.kind === "evidence" && one.body.report_id === reportId);
  const words = ["photo", "signature"].flatMap((kind) => {
    const [item] = items.filter((one) => one.body.kind === kind).slice(-1);
    if (item) return [say(`${kind}_${standing(item)}`, { why: whyOf(item) })];
    return report?.[kind] ? [say(`${kind}_sent`)] : [];
  });
  const lines = words.map((picture) => fill(copyOf("picture"), { picture }));
  section.querySelector("[data-pictures]").replaceChildren(...lines);
}
