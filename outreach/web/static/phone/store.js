// What the phone keeps. The screens read and write through this file only.
//
// state     the last state the server told: {json, etag, at}
// settings  small things of this phone by name
// drafts    a form that is being filled in, by person and visit
// outbox    what the official saved and the server may not know yet; see `outbox.add`
//
// After each change of state or outbox `phone:changed` is sent to the document, in every tab. What
// the disk refuses lives in this page's memory, where it is looked for first.
import { got, hold, holdAgain, kept, letGo, read, settings, write } from "./hardware.js";

export { canKeepPage, keepsNothing, noteRefusal, openStore, settings, upgrade } from "./hardware.js";

const channel = "BroadcastChannel" in window ? new BroadcastChannel("phone") : null;
// What did not fit on the disk: it lives as long as this page does, and the page says so.
const unkept = new Map();
// What became of items, by their ids, where it did not fit: without it they would be sent again.
const unnoted = new Map();
// Drafts as they would stand on the disk, by their keys there.
const unkeptDrafts = new Map();
const LONG_AGO_MS = 30 * 86_400_000;
const MOST_TAKEN = 50;

function tell() {
  document.dispatchEvent(new CustomEvent("phone:changed"));
}

/** Something new is to be sent; outbox.js listens. */
function saved() {
  changed();
  document.dispatchEvent(new CustomEvent("phone:saved"));
}

function changed(what = "changed") {
  channel?.postMessage(what);
  tell();
}

/** Another tab has put newer words of the server on the disk than this page holds, or none. */
const renewed = () => changed("renewed");

channel?.addEventListener("message", ({ data }) => {
  if (data === "renewed") letGo(["state", "setting:person"]);
  tell();
});

export const state = {
  /** `{json, etag, at}` or null; `at` is the phone's clock when it came. */
  get: () => kept("state"),
  async put(json, etag) {
    const value = { json, etag, at: new Date().toISOString() };
    const stored = await hold({ state: value, "setting:person": personOf(json) });
    if (stored) renewed();
    else tell();
  },
};

// What is saved belongs to whoever saved it: the next person on this phone neither sends it in
// the own name nor goes on writing it. A new code or a new phone does not make another person.

export const personOf = ({ me }) => (me?.account ? { id: me.account, name: me.name } : null);

/** Who is connected to this phone, as far as it knows: `{id, name}` or null. */
export const whoIsHere = async () => personOf((await state.get().catch(() => null))?.json ?? {});

/** Who was connected last; what is saved when nobody is known any more is still theirs. */
const whoWasHere = () => settings.get("person").catch(() => null);

/** Whether a draft or an item is this person's; where nobody is known all of it is to be kept. */
export const isOf = (one, person) => !person || !one.person || one.person.id === person.id;

const draftKey = (visitId, person) => (person ? `${person.id}/${visitId}` : Number(visitId));

/** Where a person's draft of a visit may stand: under its key, or under that of older pages. */
const draftKeys = (visitId, person) => [draftKey(visitId, person), Number(visitId)];

export const drafts = {
  async get(visitId) {
    const keys = draftKeys(visitId, await whoWasHere());
    const inMemory = keys.map((key) => unkeptDrafts.get(key)).find(Boolean);
    if (inMemory) return inMemory.draft;
    const [own, older] = await read(["drafts"], (s) => Promise.all(keys.map((key) => got(s.drafts.get(key)))));
    return (own ?? older)?.draft ?? null;
  },
  /** `{visit_id, key, person, draft}` of whoever is here, or of everybody. */
  async all({ everybodys = false } = {}) {
    const [onDisk, person] = await Promise.all([read(["drafts"], async (s) => got(s.drafts.getAll())), whoIsHere()]);
    const told = [...onDisk.filter((one) => !unkeptDrafts.has(one.visit_id)).map(asTold), ...drafts.inMemory()];
    return everybodys ? told : told.filter((one) => isOf(one, person));
  },
  /** Those that are in this page's memory only. */
  inMemory: () => [...unkeptDrafts.values()].map(asTold),
  /** Says whether the draft is on the disk. False: the disk is full, tell the official. */
  async put(visitId, draft) {
    const person = draft.person ?? (await whoWasHere());
    return placeDraft({ visit_id: draftKey(visitId, person), person, draft });
  },
  async remove(visitId, person = null) {
    const keys = draftKeys(visitId, person ?? (await whoWasHere()));
    forgetDrafts(keys);
    await write(["drafts"], (s) => Promise.all(keys.map((key) => got(s.drafts.delete(key)))));
  },
};

const asTold = (one) => ({ ...one, key: one.visit_id, visit_id: Number(String(one.visit_id).split("/").pop()) });

async function placeDraft(one) {
  const before = unkeptDrafts.size;
  const stored = await write(["drafts"], async (s) => got(s.drafts.put(one))).then(() => true, () => false);
  if (!stored) unkeptDrafts.set(one.visit_id, one);
  else unkeptDrafts.delete(one.visit_id);
  // The frame warns at once, and takes it back at once.
  if (unkeptDrafts.size !== before) tell();
  return stored;
}

function forgetDrafts(keys) {
  for (const key of keys) unkeptDrafts.delete(key);
}

/** Whether something on this page could not be written to the disk. */
export const diskRefused = () => unkept.size > 0 || unkeptDrafts.size > 0 || unnoted.size > 0;

/** Whether only what became of items could not be written; the items themselves are kept. */
export const onlyUnnoted = () => unnoted.size > 0 && unkept.size === 0 && unkeptDrafts.size === 0;

const asNoted = (item) => (unnoted.has(item.id) ? { ...item, ...unnoted.get(item.id) } : item);

/** Items by the names of those who saved them: `[[name, items], …]`. */
export function byPerson(items) {
  const found = new Map();
  for (const item of items) {
    const name = item.person?.name ?? "";
    found.set(name, [...(found.get(name) ?? []), item]);
  }
  return [...found];
}

export const isUnsent = (item) => !["sent", "disputed"].includes(item.state);

/** The id that the server has a report under: the same may have been told before, by another way. */
export const storedAs = (item) => item.answer?.stored_as || item.id;

export const outbox = {
  /**
   * Save an item to be sent: `{id, kind, visit_id, body, blob?, after?, about?, person?, made_by?,
   * draftOf?}`.
   *
   * `id` is a uuid7(); `kind` is report, answer or evidence. `body` is what the server is sent: a
   * report or an answer as the API wants it (with its `id`); for evidence `{report_id, kind}`,
   * the picture being `blob`. `after` names the item that must be accepted first;
   * `person` is in whose name it is sent, whoever is here if left out; `made_by` is who wrote it,
   * where that is somebody else;
   * `about` is not sent: what this phone tells of the visit once the server's state has it no more.
   *
   * With `draftOf`, a visit's id, the draft that it was made of goes in the same moment.
   *
   * Gives true once the item is on the disk. False: the disk refused. The item is then in this
   * page's memory only, is sent from there if the network allows, and the frame warns and offers
   * a file; do not say "saved", and keep the form open.
   */
  add: async (one) => (await outbox.addAll([one]))[0],

  /** Save many at once; gives for each whether it is on the disk. */
  async addAll(many) {
    const here = await whoWasHere();
    const stored = await place(many.map((one) => made(one, here)));
    saved();
    return stored;
  },

  /**
   * All items in the order of their saving; `kept` is false for those the disk refused.
   *
   * Fails where the disk cannot be read: nobody may take that for "nothing is there".
   */
  async all() {
    const items = await read(["items"], async (s) => got(s.items.getAll()));
    const onDisk = items.map((item) => ({ ...asNoted(item), kept: true }));
    return [...onDisk, ...outbox.inMemory()].sort((a, b) => a.number - b.number);
  },

  /** Those that are in this page's memory only. */
  inMemory: () => [...unkept.values()].map(({ item }) => ({ ...item, kept: false })),

  async get(id) {
    if (unkept.has(id)) return { ...unkept.get(id).item, kept: false };
    const item = await read(["items"], async (s) => got(s.items.get(id)));
    return item ? asNoted(item) : null;
  },

  async blob(id) {
    if (unkept.has(id)) return unkept.get(id).blob;
    return (await read(["blobs"], async (s) => got(s.blobs.get(id))))?.blob ?? null;
  },

  /**
   * Note what became of an item: `{state, answer}`; its picture goes once the server has it.
   *
   * What does not fit on a full disk is noted in memory, and written as soon as it can be.
   */
  mark: (id, became) => outbox.markAll([[id, became]]),

  async markAll(marks) {
    for (const [id, { state: next, answer = null }] of marks) {
      await change(id, (item) => ({ ...item, state: next, answer })).catch(() => {
        unnoted.set(id, { state: next, answer });
      });
    }
    if (marks.length > 0) changed();
  },

  /** Give a refused item other content and send it again under its id: it was never stored. */
  async amend(id, body) {
    const amended = await change(id, (item) => (
      item.state === "refused" ? { ...item, body: { ...body, id }, state: "waiting", answer: null } : item
    ));
    saved();
    return amended?.state === "waiting";
  },

  /** Have somebody else's item sent in the name of this person, who has agreed to it. */
  async takeOver(id, person) {
    await change(id, (item) => (isUnsent(item) ? { ...item, person, made_by: item.made_by ?? item.person } : item));
    saved();
  },

  async remove(id) {
    unkept.delete(id);
    await write(["items", "blobs"], async (s) => {
      s.items.delete(id);
      return got(s.blobs.delete(id));
    }).then(() => unnoted.delete(id), () => undefined);
    changed();
  },

  /** An answer that the server took, after it was let go of here. */
  taken: async (id) => ((await settings.get("taken")) ?? []).find((item) => item.id === id) ?? null,

  allTaken: async () => (await settings.get("taken").catch(() => null)) ?? [],

  /** Let go of what the server's own state shows by now; the history reads it there. */
  async tidy(json) {
    const shown = new Set([...json.reports.map((one) => one.id), ...json.disputes.map((one) => one.report_id)]);
    const person = personOf(json);
    const gone = (await outbox.all()).filter((item) => {
      if (!isOf(item, person)) return !isUnsent(item);
      if (item.kind === "report") return ["sent", "disputed"].includes(item.state) && shown.has(storedAs(item));
      return item.state === "sent" || (item.state === "disputed" && Date.now() - Date.parse(item.answer?.at) > LONG_AGO_MS);
    });
    // The state shows reports by the ids they are stored under, and answers only in what became
    // of their visit.
    const answers = gone.filter((item) => item.state === "sent" && (item.kind === "answer" || storedAs(item) !== item.id));
    if (answers.length > 0) {
      const before = (await settings.get("taken").catch(() => null)) ?? [];
      await settings.put("taken", [...before, ...answers].slice(-MOST_TAKEN)).catch(() => undefined);
    }
    await drop(gone);
  },

  /**
   * Forget whose phone this was, and all that was sent; what was not sent yet stays, and the PIN
   * before it until a new code is entered: whoever has found the phone does not know it.
   */
  async forgetPerson() {
    const known = (await state.get().catch(() => null)) !== null;
    const gone = { state: null, "setting:sent_at": null, "setting:taken": null };
    if (await hold(known ? { ...gone, "setting:forgotten_at": Date.now() } : gone)) renewed();
    await drop((await outbox.all()).filter((item) => !isUnsent(item)));
    changed();
  },

  /**
   * Forget this person and these items and drafts of theirs, by their ids and keys, the unsent too,
   * or nothing at all. Nothing else is deleted: what they saved since they were told how much is
   * lost is kept, and what somebody else saved here is not theirs to lose.
   */
  async forgetMine({ ids, keys }) {
    await write(["keep", "drafts", "items", "blobs"], async (s) => {
      for (const key of keys) s.drafts.delete(key);
      for (const id of ids) for (const store of [s.items, s.blobs]) store.delete(id);
      const last = await got(s.keep.get("number"));
      s.keep.clear();
      if (last) s.keep.put(last);
      return got(s.keep.count());
    });
    forgetDrafts(keys);
    for (const id of ids) for (const inMemory of [unkept, unnoted]) inMemory.delete(id);
    letGo();
    renewed();
  },

  /** Forget everything, the unsent of everybody too. */
  async forgetAll() {
    for (const inMemory of [unkept, unkeptDrafts]) inMemory.clear();
    await write(["keep", "drafts", "items", "blobs"], async (s) => {
      for (const store of Object.values(s)) store.clear();
      return got(s.keep.count());
    });
    unnoted.clear();
    letGo();
    renewed();
  },

  /** Try once more to bring what lives in memory to the disk. */
  async rescue() {
    await holdAgain();
    for (const one of [...unkept.values()]) await place([one]);
    for (const key of [...unkeptDrafts.keys()]) if (unkeptDrafts.has(key)) await placeDraft(unkeptDrafts.get(key));
    for (const id of [...unnoted.keys()]) await change(id, (item) => item).catch(() => undefined);
  },
};

async function drop(items) {
  if (items.length === 0) return;
  for (const { id } of items) unkept.delete(id);
  await write(["items", "blobs"], async (s) => {
    for (const { id } of items) {
      s.items.delete(id);
      s.blobs.delete(id);
    }
    return got(s.items.count());
  }).then(
    () => { for (const { id } of items) unnoted.delete(id); },
    () => undefined, // they are let go of the next time
  );
  changed();
}

function made({ id, kind, visit_id, body, blob = null, after = null, about = null, person = null, made_by = null, draftOf = null }, here) {
  const item = {
    id, kind, visit_id, body, after, about, person: person ?? here, made_by,
    state: "waiting", answer: null, added_at: new Date().toISOString(),
  };
  return { item, blob, keys: draftOf === null ? [] : draftKeys(draftOf, item.person) };
}

/** Bring them to the disk, all of them or, where it refuses that, as many as it takes. */
async function place(many) {
  try {
    await write(["keep", "items", "blobs", "drafts"], (s) => putAll(s, many));
  } catch {
    if (many.length > 1) {
      const stored = [];
      for (const one of many) stored.push(...(await place([one])));
      return stored;
    }
    // Its form stays open: the draft is still needed.
    for (const { item, blob } of many) {
      unkept.set(item.id, { item: { number: Number.MAX_SAFE_INTEGER, ...item }, blob, keys: [] });
    }
    return many.map(() => false);
  }
  for (const { item, keys } of many) {
    unkept.delete(item.id);
    forgetDrafts(keys);
  }
  return many.map(() => true);
}

async function putAll(s, many) {
  let last = (await got(s.keep.get("number")))?.value ?? 0;
  for (const { item, blob, keys } of many) {
    for (const key of keys) s.drafts.delete(key);
    // Saved twice by two taps it is one item; what became of it meanwhile stands.
    if (await got(s.items.get(item.id))) continue;
    last += 1;
    if (blob) s.blobs.put({ id: item.id, blob });
    s.items.put({ ...item, number: last });
  }
  await got(s.keep.put({ key: "number", value: last }));
}

async function change(id, alter) {
  if (unkept.has(id)) {
    const held = unkept.get(id);
    held.item = alter(held.item);
    return held.item;
  }
  const noted = await write(["items", "blobs"], async (s) => {
    const item = await got(s.items.get(id));
    if (!item) return null;
    const altered = alter(asNoted(item));
    if (altered.state === "sent") s.blobs.delete(id);
    await got(s.items.put(altered));
    return altered;
  });
  unnoted.delete(id);
  return noted;
}
