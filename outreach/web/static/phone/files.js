// What was not sent yet, as a file: to be kept, handed to the branch, or read in on another phone.
import { draftFrom } from "./draft.js";
import { drafts, isOf, isUnsent, outbox, whoIsHere } from "./store.js";
import { isItem } from "./told_items.js";
import { say } from "./words.js";

const FORMAT = "outreach-phone-1";
// More than a season of photos.
const LARGEST_BYTES = 128 * 1024 * 1024;
const CHUNK = 0x8000;

/** A file of these items and of forms that were begun. */
export async function fileOf(items, begun = []) {
  const told = await Promise.all(items.map(async ({ id, kind, visit_id, body, after, added_at, person: of, made_by }) => (
    { id, kind, visit_id, body, after, added_at, person: of ?? null, made_by: made_by ?? null,
      picture: await packed(await outbox.blob(id)) }
  )));
  const unfinished = await Promise.all(begun.map(async ({ visit_id, person: of, draft }) => (
    { visit_id, person: of ?? null, draft: { ...draft, person: undefined, photo: await packed(draft.photo) } }
  )));
  const now = new Date();
  const text = JSON.stringify({ format: FORMAT, made_at: now.toISOString(), items: told, begun: unfinished }, null, 1);
  // As plain text, for messengers carry that and refuse what they do not know.
  const name = `outreach-${localDay(now)}-${told.length + unfinished.length}.txt`;
  return new File([text], name, { type: "text/plain" });
}

/** The day by the phone's own clock and zone, as whoever looks for the file names it. */
const localDay = (now) => [now.getFullYear(), now.getMonth() + 1, now.getDate()].map((part) => String(part).padStart(2, "0")).join("-");

/**
 * Give (`download` or `share`) a file of all that is of whoever is here; say what is not in it.
 *
 * Gives the file's name if all of it is in there, else null.
 */
export async function giveAll(give) {
  try {
    const { items, begun, whole } = await mine();
    const file = await fileOf(items, begun);
    await give(file);
    if (!whole) window.alert(say("file-not-whole"));
    return whole ? file.name : null;
  } catch (error) {
    console.warn(error);
    window.alert(say("file-failed"));
    return null;
  }
}

/** Where the disk cannot be read it is what lives in this page's memory: that would be lost first. */
async function mine() {
  const person = await whoIsHere();
  const own = (items) => items.filter((item) => isUnsent(item) && isOf(item, person));
  try {
    const [items, begun] = await Promise.all([outbox.all(), drafts.all()]);
    return { items: own(items), begun, whole: true };
  } catch (error) {
    const items = own(outbox.inMemory());
    const begun = drafts.inMemory().filter((one) => isOf(one, person));
    if (items.length + begun.length === 0) throw error;
    return { items, begun, whole: false };
  }
}

async function packed(blob) {
  if (!blob) return null;
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = "";
  for (let i = 0; i < bytes.length; i += CHUNK) text += String.fromCharCode(...bytes.subarray(i, i + CHUNK));
  return { type: blob.type, base64: btoa(text) };
}

function unpacked(picture) {
  if (!picture) return null;
  const bytes = Uint8Array.from(atob(picture.base64), (sign) => sign.charCodeAt(0));
  return new Blob([bytes], { type: String(picture.type) });
}

/** Save the file on the phone. */
export function download(file) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export const canShare = () => navigator.canShare?.({ files: [new File(["."], "a.txt", { type: "text/plain" })] }) ?? false;

/** Hand the file to a messenger; false if the official closed the choice. */
export const share = (file) => navigator.share({ files: [file] }).then(() => true, () => false);

/**
 * Read in such a file of this person's: each item under its own id, so that it is taken in once,
 * whichever phone sends it. Gives `{added, begun, known, unreadable, unkept, others}`, or null if it
 * is no such file; `unkept` counts what the disk refused, `others` are the items that somebody else
 * saved, see `takeOver`. What was begun stays that of whoever began it.
 */
export async function readIn(file, person) {
  const told = file.size > LARGEST_BYTES ? null : parsed(await file.text());
  if (told === null) return null;
  const count = nothingRead();
  const here = new Map((await outbox.all()).map((item) => [item.id, item]));
  const mine = new Map();
  for (const item of told.items) {
    if (!isItem(item)) count.unreadable += 1;
    else if (isOthers(item, here.get(item.id), person)) count.others.push({ ...item, person: named(item.person) });
    else if (here.get(item.id)?.kept || mine.has(item.id)) count.known += 1;
    else mine.set(item.id, item);
  }
  await addAll([...mine.values()], person, count);
  for (const one of Array.isArray(told.begun) ? told.begun : []) count[await addBegun(one, person)] += 1;
  return count;
}

const nothingRead = () => ({ added: 0, begun: 0, known: 0, unreadable: 0, unkept: 0, others: [] });

/** Have items of others sent in the name of this person, who has been told so and agreed. */
export async function takeOver(items, person) {
  const count = nothingRead();
  const here = new Set((await outbox.all()).map((item) => item.id));
  for (const { id } of items.filter((item) => here.has(item.id))) {
    await outbox.takeOver(id, person);
    count.added += 1;
  }
  await addAll(items.filter((item) => !here.has(item.id)), person, count);
  return count;
}

/** Also one that lies here for its own person already: sent in another's name it would be taken. */
function isOthers(item, here, person) {
  if (here) return isUnsent(here) && !isOf(here, person);
  return named(item.person)?.id !== person.id;
}

const named = (person) => (
  Number.isInteger(person?.id) && typeof person.name === "string" ? { id: person.id, name: person.name } : null
);

function parsed(text) {
  try {
    const told = JSON.parse(text);
    return told?.format === FORMAT && Array.isArray(told.items) ? told : null;
  } catch {
    return null;
  }
}

/** Add them in one go: one by one each would have every screen drawn anew. */
async function addAll(items, person, count) {
  const ready = items.map((item) => readyToAdd(item, person)).filter(Boolean);
  count.unreadable += items.length - ready.length;
  if (ready.length === 0) return;
  for (const kept of await outbox.addAll(ready)) count[kept ? "added" : "unkept"] += 1;
}

function readyToAdd(item, person) {
  const { id, kind, visit_id, body, after } = item;
  const maker = named(item.made_by) ?? named(item.person);
  const made_by = maker?.id === person.id ? null : maker;
  try {
    return { id, kind, visit_id, body, after: after ?? null, blob: unpacked(item.picture), person, made_by };
  } catch {
    return null;
  }
}

/** Take up a form that was begun, unless one of the same person and visit is here. */
async function addBegun(told, person) {
  const draft = Number.isInteger(told?.visit_id) ? draftFrom(told.draft) : null;
  if (!draft) return "unreadable";
  const of = named(told.person) ?? person;
  const here = await drafts.all({ everybodys: true });
  if (here.some((one) => one.visit_id === told.visit_id && isOf(one, of))) return "known";
  try {
    draft.photo = unpacked(told.draft.photo);
  } catch {
    return "unreadable";
  }
  return (await drafts.put(told.visit_id, { ...draft, person: of })) ? "begun" : "unkept";
}
