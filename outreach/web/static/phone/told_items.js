// What a file tells of items, before anything of it is kept: only what each screen can show.
import { isDay } from "./draft.js";
import { isUuid } from "./ids.js";

const MET = [undefined, "held", "not_met", "refused"];
const ANSWERS = ["can", "another_day", "no"];
const PICTURES = ["photo", "signature"];

const CHECKS = {
  report: ({ body }) => (
    isDay(body.held_on) && isText(body.held_at) && /^\d\d:\d\d/.test(body.held_at) && MET.includes(body.met)
    && [body.men, body.women, body.signups, body.paid, body.minutes].every(isCountOrLeftOut) && areLines(body.details)
  ),
  answer: ({ body }) => ANSWERS.includes(body.answer),
  evidence: ({ body, picture }) => PICTURES.includes(body.kind) && isUuid(body.report_id) && Boolean(picture),
};

/** Whether it is an item as this page makes them. */
export function isItem(item) {
  if (!isUuid(item?.id) || !Object.hasOwn(CHECKS, item.kind) || !Number.isInteger(item.visit_id)) return false;
  if (typeof item.body !== "object" || item.body === null) return false;
  if (item.after && !isUuid(item.after)) return false;
  return (item.kind === "evidence" || item.body.id === item.id) && CHECKS[item.kind](item);
}

const isText = (value) => typeof value === "string";

const isCountOrLeftOut = (value) => value === undefined || value === null || (Number.isInteger(value) && value >= 0);

const areLines = (lines) => (
  lines === undefined || (Array.isArray(lines) && lines.every((one) => typeof one === "object" && one !== null))
);
