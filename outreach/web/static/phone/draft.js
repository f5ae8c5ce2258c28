// A report while it is being written: fields as texts, pictures, and what it corrects.
import { asCount, toldLines, workersOf } from "./checks.js";
import { isUuid } from "./ids.js";

const COUNTS = ["men", "women", "signups", "paid"];
const MET = ["held", "not_met", "refused"];
const NO_LINE = { sector: "", package: "", payer: "", workers: "" };
const CONTENT = ["men", "women", "signups", "paid", "minutes", "place", "remarks"];

/** A new draft for a visit; the day is left open where nobody knows today's date. */
export function freshDraft(visit, today) {
  const day = today === null ? "" : visit.day > today ? today : visit.day;
  return {
    base: null, amends: null, met: "held", men: "", women: "", signups: "", paid: "", lines: [],
    held_on: day, held_at: visit.starts_at, minutes: "", place: "", remarks: "", position: null,
    photo: null, strokes: [],
  };
}

/** A draft with what was saved or stored before. */
export function draftOf(content) {
  const texts = Object.fromEntries(CONTENT.map((name) => [name, String(content[name] ?? "")]));
  const lines = (content.details ?? []).map((one) => ({ ...one, workers: String(one.workers) }));
  const { latitude, longitude } = content;
  const placed = typeof latitude === "number" && typeof longitude === "number";
  const noSession = content.met && content.met !== "held";
  return {
    ...texts,
    // Of no session nothing was counted: its naughts are not numbers that somebody typed.
    ...(noSession ? { men: "", women: "", signups: "", paid: "" } : {}),
    base: null, amends: null, met: content.met ?? "held", lines,
    held_on: content.held_on, held_at: String(content.held_at).slice(0, 5),
    position: placed ? { latitude, longitude } : null, photo: null, strokes: [],
  };
}

/** A draft out of a file, or null: only what the form can show is taken from it. */
export function draftFrom(told) {
  if (typeof told !== "object" || told === null) return null;
  const empty = freshDraft({ day: "", starts_at: "" }, null);
  const draft = { ...empty, ...onlyTexts(told, ["base", "amends", "met", "held_on", "held_at", ...CONTENT]) };
  for (const name of ["base", "amends"]) if (!isUuid(draft[name])) draft[name] = null;
  if (!MET.includes(draft.met)) draft.met = "held";
  if (!isDay(draft.held_on)) draft.held_on = "";
  const { latitude, longitude } = told.position ?? {};
  if (Number.isFinite(latitude) && Number.isFinite(longitude)) draft.position = { latitude, longitude };
  const isPoint = (point) => Array.isArray(point) && point.length === 2 && point.every(Number.isFinite);
  const isStroke = (stroke) => Array.isArray(stroke) && stroke.length > 0 && stroke.every(isPoint);
  const objects = (list) => (Array.isArray(list) ? list.filter((one) => typeof one === "object" && one !== null) : []);
  draft.strokes = Array.isArray(told.strokes) ? told.strokes.filter(isStroke) : [];
  draft.lines = objects(told.lines).map((one) => ({ ...NO_LINE, ...onlyTexts(one, Object.keys(NO_LINE)) }));
  const about = onlyTexts(told.about ?? {}, ["village", "day", "starts_at", "zone_name"]);
  draft.about = about.village && isDay(about.day) ? about : null;
  return draft;
}

/** Whether it is a day of the calendar. */
export const isDay = (text) => typeof text === "string" && /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));

const onlyTexts = (told, names) => Object.fromEntries(
  names.filter((name) => typeof told[name] === "string").map((name) => [name, told[name]]),
);

/** The content of a report as the API wants it, without its id and its clock. */
export function contentOf(draft) {
  const held = draft.met === "held";
  const details = held ? toldLines(draft.lines).map(detail) : [];
  const counts = Object.fromEntries(COUNTS.map((name) => [name, held ? asCount(draft[name]) : null]));
  return {
    met: draft.met, held_on: draft.held_on, held_at: draft.held_at,
    men: counts.men ?? 0, women: counts.women ?? 0,
    signups: counts.signups ?? (held ? workersOf(draft.lines) : 0),
    ...(counts.paid === null ? {} : { paid: counts.paid }),
    ...(held && draft.minutes ? { minutes: Number(draft.minutes) } : {}),
    place: draft.place.trim(), remarks: draft.remarks.trim(),
    ...(draft.position ?? {}),
    ...(details.length > 0 ? { details } : {}),
  };
}

const detail = ({ sector, package: chosen, payer, workers }) => ({
  sector, package: chosen, payer, workers: asCount(workers),
});

/** Whether two contents tell the same. */
export function sameContent(one, other) {
  return canonical(one) === canonical(other);
}

function canonical(content) {
  const { details = [], ...plain } = contentOf(draftOf(content));
  const lines = details.map((one) => [one.sector, one.package, one.payer, one.workers].join()).sort();
  return JSON.stringify([Object.entries(plain).sort(), lines]);
}
