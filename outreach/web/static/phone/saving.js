// From a draft to what is sent: the report first, its pictures after it.
import { contentOf, sameContent } from "./draft.js";
import { uuid7 } from "./ids.js";
import { UNSENT, currentReport, known } from "./visits.js";
import { pictureOf } from "./signature.js";
import { isOf, outbox } from "./store.js";

/**
 * Save a draft: `{id, outcome}`, the outcome being `saved`, `nothing_new`, `no_room` (the report
 * is not on the disk), `no_room_picture` (the report is, a picture is not) or `meanwhile` (the
 * refused report was removed or sent while it was being put right).
 *
 * A report that was refused was never stored: it is put right under its own id. Every other one
 * may have reached the server, so what is saved over it is its correction and names it.
 */
export async function saveDraft(draft, visitId, base) {
  const refused = await refusedItem(draft.amends ?? draft.base);
  const { id, outcome, whole } = refused
    ? await amend(refused, draft)
    : await add(draft, visitId, base);
  if (whole || outcome === "no_room" || outcome === "meanwhile") return { id, outcome };
  const pictures = await addPictures(draft, visitId, id);
  if (pictures === "kept") return { id, outcome: "saved" };
  if (pictures === "no_room") return { id, outcome: "no_room_picture" };
  return { id, outcome };
}

async function refusedItem(id) {
  const item = id ? await outbox.get(id) : null;
  return item?.state === "refused" ? item : null;
}

async function amend(item, draft) {
  const { visit_id, corrects_id } = item.body;
  const base = corrects_id ? { corrects_id } : {};
  const body = { ...contentOf(draft), id: item.id, visit_id, saved_at: now(), ...base };
  const outcome = await outbox.amend(item.id, body).then(
    (amended) => (amended ? "saved" : "meanwhile"),
    () => "no_room",
  );
  return { id: item.id, outcome };
}

async function add(draft, visitId, base) {
  const content = contentOf(draft);
  const before = draft.base ?? draft.amends;
  const baseId = before ? await stillThere(before, visitId) : null;
  const since = baseId ? null : await savedSince(draft, visitId);
  // Pressed twice, in two tabs or before and after the browser was ended, it is one report.
  if (since && sameContent(content, since.body)) return { id: since.id, outcome: "saved" };
  if (baseId && base && base.id === baseId && sameContent(content, base.content)) {
    return { id: baseId, outcome: "nothing_new" };
  }
  const id = uuid7();
  const corrected = baseId ?? since?.id ?? null;
  const corrects = corrected ? { corrects_id: corrected } : {};
  const body = { ...content, id, visit_id: visitId, saved_at: now(), ...corrects };
  const pictures = await picturesOf(draft, visitId, id, id);
  const report = {
    id, kind: "report", visit_id: visitId, body, after: await unsent(corrected), about: draft.about,
    person: draft.person, draftOf: visitId,
  };
  // In one go: the draft goes with it, and with the draft its photo.
  const [kept, ...picturesKept] = await outbox.addAll([report, ...pictures]);
  if (kept) return { id, outcome: picturesKept.every(Boolean) ? "saved" : "no_room_picture", whole: true };
  for (const one of pictures) await outbox.remove(one.id); // the form has them still
  return { id, outcome: "no_room" };
}

/**
 * A report of the visit that whoever writes saved since the form began with none: beside it a
 * second first one would stand as a dispute with oneself.
 */
async function savedSince(draft, visitId) {
  const all = await outbox.all().catch(() => outbox.inMemory());
  const own = all.filter((item) => (
    item.kind === "report" && item.visit_id === visitId && isOf(item, draft.person)
    && !["refused", "disputed"].includes(item.state)
  ));
  return own[own.length - 1] ?? null;
}

/**
 * What is corrected: the report that the form began with. If it was refused and has been removed
 * meanwhile, the server never had it: then whatever else is told of the visit, or nothing.
 */
async function stillThere(id, visitId) {
  const all = await known();
  const told = [...all.items, ...all.reports].some((one) => one.id === id);
  const disputed = all.disputes.some((one) => one.report_id === id);
  return told || disputed ? id : (currentReport(all, visitId)?.id ?? null);
}

/** The id, if its item is not with the server yet. */
async function unsent(id) {
  const item = id ? await outbox.get(id) : null;
  return item && UNSENT.has(item.state) ? id : null;
}

async function addPictures(draft, visitId, reportId) {
  const pictures = await picturesOf(draft, visitId, reportId, await unsent(reportId));
  if (pictures.length === 0) return "none";
  return (await outbox.addAll(pictures)).every(Boolean) ? "kept" : "no_room";
}

async function picturesOf(draft, visitId, reportId, after) {
  const pictures = [["photo", draft.photo], ["signature", await pictureOf(draft.strokes)]];
  return pictures.filter(([, blob]) => blob).map(([kind, blob]) => ({
    id: uuid7(), kind: "evidence", visit_id: visitId, body: { report_id: reportId, kind }, blob, after,
    about: draft.about, person: draft.person,
  }));
}

const now = () => new Date().toISOString();
