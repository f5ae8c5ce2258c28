// A report while it is being written: fields as texts, pictures, and what it corrects.
import { asCount, toldLines, workersOf } from "./checks.js";

const COUNTS = ["men", "women", "signups", "paid"];
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
