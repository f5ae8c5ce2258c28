// What a report must look like before it is kept, as logbook/record.py has it: never stricter than
// that, so that nothing true has to stay on the phone. Codes here, words in the page.
import { holdsIdentityNumber } from "./identity.js";

const COUNTS = ["men", "women", "signups", "paid"];
// As people type them: 1000, and 1.000 with a dot before each three.
const WHOLE = /^(\d{1,15}|\d{1,3}(\.\d{3}){1,4})$/;

/** The whole number that a text is; null if it is none, or as long as an identity number. */
export const asCount = (text) =>
  (WHOLE.test(text.trim()) ? Number(text.trim().replaceAll(".", "")) : null);

export const toldLines = (lines) =>
  lines.filter((line) => line.sector || line.package || line.payer || line.workers.trim());

export const workersOf = (lines) =>
  toldLines(lines).reduce((sum, line) => sum + (asCount(line.workers) ?? 0), 0);

/** Say what is wrong with a draft: codes by field; an empty object if nothing is. */
export function problemsOf(draft, limits, today) {
  const problems = {};
  const wrong = (field, code) => (problems[field] ??= []).push(code);
  checkDay(draft, limits, today, wrong);
  checkTexts(draft, wrong);
  if (draft.met === "held") {
    checkCounts(draft, limits, wrong);
    checkLines(draft, limits, wrong);
    checkSums(draft, problems, wrong);
  }
  return problems;
}

function checkCounts(draft, limits, wrong) {
  for (const name of COUNTS) {
    const text = draft[name].trim();
    if (text === "") continue;
    const count = asCount(text);
    if (holdsIdentityNumber(text)) wrong(name, "identity_count");
    else if (count === null) wrong(name, "int_parsing");
    else if (count > limits.people) wrong(name, "less_than_equal");
  }
}

function checkLines(draft, limits, wrong) {
  for (const line of toldLines(draft.lines)) {
    const workers = asCount(line.workers);
    if (holdsIdentityNumber(line.workers)) wrong("lines", "identity_count");
    else if (!line.sector || !line.package || !line.payer || !workers) wrong("lines", "line_incomplete");
    else if (workers > limits.people) wrong("lines", "less_than_equal");
  }
}

/** Whatever can be read as numbers has to go together. */
function checkSums(draft, problems, wrong) {
  const people = (asCount(draft.men) ?? 0) + (asCount(draft.women) ?? 0);
  if (people === 0 && !problems.men && !problems.women) wrong("men", "nobody_was_there");
  if (problems.signups || problems.lines) return;
  const told = workersOf(draft.lines);
  const given = asCount(draft.signups);
  if (told && given !== null && told !== given) wrong("lines", "details_do_not_add_up");
  if ((asCount(draft.paid) ?? 0) > (given ?? told)) wrong("paid", "more_paid_than_signups");
}

function checkDay(draft, limits, today, wrong) {
  if (!draft.held_on) wrong("held_on", "missing");
  // A phone that does not know the day leaves it to the server.
  else if (today && draft.held_on > today) wrong("held_on", "in_the_future");
  else if (today && daysBetween(draft.held_on, today) > limits.days) wrong("held_on", "too_long_ago");
  if (!draft.held_at) wrong("held_at", "missing");
}

function checkTexts(draft, wrong) {
  for (const [name, most] of [["place", 200], ["remarks", 1000]]) {
    const code = problemOfText(draft[name], most);
    if (code) wrong(name, code);
  }
}

/** Say what is wrong with a text; null if nothing is. */
export function problemOfText(text, most) {
  const plain = text.trim();
  if ([...plain].length > most) return "string_too_long";
  if (/[\p{Cc}\p{Cs}]/u.test(plain.replace(/[\r\n\t]/g, ""))) return "unreadable_text";
  return holdsIdentityNumber(plain) ? "identity_number" : null;
}

const DAY_MS = 86_400_000;
const daysBetween = (first, last) => Math.round((Date.parse(last) - Date.parse(first)) / DAY_MS);
