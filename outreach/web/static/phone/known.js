// What this phone knows about visits: told by the server, and saved here since.
import { drafts, outbox, state } from "./store.js";

export const UNSENT = new Set(["waiting", "sending", "held"]);

/** All of it at once, as it is at this moment. */
export async function known() {
  const [told, items, begun] = await Promise.all([state.get(), outbox.all(), drafts.all()]);
  const json = told?.json ?? null;
  return {
    told: json !== null,
    photos: json?.photos ?? true,
    visits: json?.visits ?? [],
    reports: json?.reports ?? [],
    villages: json?.villages ?? [],
    disputes: json?.disputes ?? [],
    items: items.filter((item) => !isTold(item, json)),
    drafts: new Map(begun.map((one) => [one.visit_id, one.draft])),
  };
}

/** Whether the server's own words about an item are here, so that ours are not needed. */
function isTold(item, json) {
  if (item.kind !== "report" || !json) return false;
  const told = (list, key) => list.some((one) => one[key] === item.id);
  if (item.state === "sent") return told(json.reports, "id");
  return item.state === "disputed" && told(json.disputes, "report_id");
}

export const visitOf = (all, visitId) => all.visits.find((one) => one.id === Number(visitId));

/** The visit as far as anything here tells of it: its own lines, or those of a report of it. */
export function placeOf(all, visitId) {
  const visit = visitOf(all, visitId);
  if (visit) return visit;
  const report = all.reports.find((one) => one.visit_id === Number(visitId));
  return report && { ...report, id: report.visit_id, day: report.held_on, starts_at: report.held_at, can: [] };
}

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

/** The one word for how an item stands: waiting, sent, refused or disputed. */
export const standing = (item) => (UNSENT.has(item.state) ? "waiting" : item.state);
