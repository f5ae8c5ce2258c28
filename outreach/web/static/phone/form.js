// Log a session: four numbers and one tap; the rest on demand. Every change is kept as a draft.
import { asCount, problemsOf, workersOf } from "./checks.js";
import { villageNow, villageToday } from "./hardware.js";
import { Lines, sumInWords } from "./details.js";
import { draftOf, freshDraft } from "./draft.js";
import { Fields } from "./fields.js";
import { aboutOf, currentReport, itemsOf, known, placeOf, whyOf } from "./visits.js";
import { Pictures } from "./pictures.js";
import { whereAmI } from "./place.js";
import { saveDraft } from "./saving.js";
import { leftOver, showLeftOver } from "./unfinished.js";
import { drafts, isOf, outbox } from "./store.js";
import { dayInWords, fill, number, say, show, time } from "./words.js";

const KEEP_AFTER_MS = 300;
let screen = null;

export async function open(section, visitId, itemId) {
  screen ??= new FormScreen(section);
  await screen.open(Number(visitId), itemId ?? null);
}

/** A visit that was not known yet may be by now, and another tab may have saved its report. */
export async function refresh(section, visitId, itemId) {
  if (screen?.gone) await open(section, visitId, itemId);
  else await screen?.noticeSaved();
}

export const leave = () => screen?.close();

class FormScreen {
  constructor(section) {
    this.section = section;
    this.form = section.querySelector("[data-form]");
    this.fields = new Fields(section, this.form);
    this.lines = new Lines(section, () => this.changed());
    this.pictures = new Pictures(section, () => this.changed(true));
    this.timer = 0;
    this.keeping = Promise.resolve();
    this.changes = 0;
    this.live = false; // whether what is typed is of a form that is open and not saved yet
    this.asked = 0; // how often a form was opened: one that is slower to come than the next is dropped
    this.wire();
  }

  wire() {
    this.form.addEventListener("input", () => this.changed());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
    const on = (what, act) => this.section.querySelector(what).addEventListener("click", act);
    on("[data-anew]", () => this.anew());
    on("[data-locate]", () => this.locate());
    on("[data-forget-position]", () => this.setPosition(null));
    // The system may end the browser as soon as it is out of sight.
    for (const [target, event] of [[document, "visibilitychange"], [window, "pagehide"]]) {
      target.addEventListener(event, () => this.keepNow());
    }
  }

  /** Nothing can be typed until all is in its place, else it would be lost under it. */
  async open(visitId, itemId) {
    this.form.hidden = true;
    this.live = this.gone = false;
    const turn = (this.asked += 1);
    const [all, kept, item] = await Promise.all([
      known(), drafts.get(visitId), itemId ? outbox.get(itemId) : null,
    ]);
    if (turn !== this.asked) return;
    this.visitId = visitId;
    this.visit = placeOf(all, visitId);
    this.gone = !this.visit;
    show(this.section, "gone", this.gone);
    if (this.gone) fill(this.section, { title: say("title_report"), village: "", planned: "" });
    showLeftOver(this.section, this.gone ? leftOver(all, visitId) : null);
    if (this.gone) return;
    this.today = villageToday(this.visit.zone);
    this.begin(all, kept, item);
    this.showHead();
    this.showDraft(all);
    this.form.hidden = false;
    this.live = true;
  }

  close() {
    this.asked += 1;
    this.form.hidden = true;
    const kept = this.keepNow();
    this.end();
    return kept;
  }

  /** From here on nothing is kept as a draft, whatever still comes: a photo, the place, a key. */
  end() {
    this.live = false;
    this.pictures.close();
  }

  /** Take up the draft if there is one; else begin with what was saved or stored, or anew. */
  begin(all, kept, item) {
    this.amends = item?.state === "refused" && isOf(item, all.me) ? item : null;
    this.base = currentReport(all, this.visitId);
    this.fromDraft = Boolean(kept);
    // What is written here stays theirs, also if another person is connected before it is saved;
    // and of what visit it is must be known also once that is in the list no more.
    this.draft = { person: all.me, ...(kept ?? this.untouched()), about: aboutOf(this.visit) };
    if (this.amends) this.draft.amends = item.id;
  }

  untouched() {
    if (!this.base) return freshDraft(this.visit, this.today);
    return { ...draftOf(this.base.content), base: this.base.id };
  }

  /** What was saved meanwhile in another tab is what this form corrects from now on. */
  async noticeSaved() {
    const { draft } = this;
    if (!this.live || this.saving || draft.base || draft.amends) return;
    const base = currentReport(await known(), this.visitId);
    if (!base?.item || !this.live || this.saving || this.draft !== draft) return;
    this.base = base;
    this.draft = { ...draft, base: base.id };
    this.showBase();
  }

  showHead() {
    const { visit } = this;
    fill(this.section, {
      village: visit.village,
      planned: say(visit.unplanned ? "reported_for" : "planned_for", this.inWords(visit.day, visit.starts_at)),
      zone: visit.zone_name,
      trouble: "",
      kept: "",
    });
    this.showBase();
  }

  inWords(day, at) {
    return { day: dayInWords(day), time: time(at, this.visit.zone_name) };
  }

  showBase() {
    const corrects = Boolean(this.draft.base || this.draft.amends);
    fill(this.section, {
      title: say(corrects ? "title_correct" : "title_report"),
      base: this.baseInWords(),
      save: say(corrects ? "save_correction" : "save_report"),
    });
  }

  baseInWords() {
    if (this.amends) return say("base_refused", { why: whyOf(this.amends) });
    if (!this.draft.base) return "";
    const report = this.base?.report;
    if (report) {
      const asked = report.review === "sent_back" ? say("base_sent_back", { reason: report.reason }) : "";
      return `${asked} ${say("base_stored", { receipt: report.receipt })}`.trim();
    }
    return this.base?.item && this.base.item.state !== "sent" ? say("base_unsent") : "";
  }

  showDraft(all) {
    const { draft } = this;
    show(this.section, "continued", this.fromDraft);
    this.fields.set(draft, this.visit, this.today, this.fromDraft || Boolean(draft.base));
    this.lines.set(draft.lines);
    this.setPosition(draft.position, false);
    this.pictures.set(draft, { ...this.there(all), allowed: all.photos });
    this.fields.openWhatIsFilled(draft);
    this.showSums();
  }

  /** What pictures of the visit there are already, stored or saved. */
  there(all) {
    const saved = itemsOf(all, this.visitId, "evidence").filter((item) => item.state !== "refused");
    const stored = all.reports.filter((one) => one.visit_id === this.visitId);
    const has = (kind) =>
      saved.some((item) => item.body.kind === kind) || stored.some((one) => one[kind]);
    return { photo: has("photo"), signature: has("signature") };
  }

  read() {
    const pictures = this.pictures.get();
    return { ...this.draft, ...this.fields.get(), lines: this.lines.get(), position: this.position, ...pictures };
  }

  showSums() {
    const draft = this.read();
    const people = (asCount(draft.men) ?? 0) + (asCount(draft.women) ?? 0);
    const sum = sumInWords(draft.lines, draft.signups);
    fill(this.section, { people: number(people), sum: sum.text });
    this.section.querySelector("[data-slot=sum]").classList.toggle("off", !sum.agrees);
    const counted = draft.met === "held" && Boolean(draft.men || draft.women);
    const signups = asCount(draft.signups) ?? workersOf(draft.lines);
    fill(this.section, { many_signups: counted && signups > people && say("many_signups") });
    this.fields.showParts(draft);
  }

  changed(now = false) {
    if (!this.live) return;
    this.showSums();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.keepNow(), now ? 0 : KEEP_AFTER_MS);
    this.waiting = true;
    this.changes += 1;
  }

  /** Keep the draft, one write after the other, so that the last change is the one that stays. */
  keepNow() {
    clearTimeout(this.timer);
    if (!this.waiting) return this.keeping;
    this.waiting = false;
    const [visitId, draft, changes] = [this.visitId, this.read(), this.changes];
    this.keeping = this.keeping.then(async () => {
      const kept = await drafts.put(visitId, draft);
      // What was changed meanwhile is not kept yet.
      if (!kept || changes === this.changes) fill(this.section, { kept: say(kept ? "draft_kept" : "draft_not_kept") });
    });
    return this.keeping;
  }

  async forgetDraft() {
    this.end();
    clearTimeout(this.timer);
    this.waiting = false;
    await this.keeping;
    await drafts.remove(this.visitId, this.draft.person).catch(() => undefined);
  }

  async anew() {
    await this.forgetDraft();
    await this.open(this.visitId, this.amends?.id ?? null);
    this.section.querySelector("[data-heading]").focus();
  }

  setPosition(position, touched = true) {
    this.position = position;
    fill(this.section, {
      position: position && `${number(position.latitude)}; ${number(position.longitude)}`,
      position_trouble: "",
    });
    show(this.section, "position", Boolean(position));
    show(this.section, "no_position", !position);
    if (!touched) return;
    this.section.querySelector(position ? "[data-forget-position]" : "[data-locate]").focus();
    this.changed(true);
  }

  async locate() {
    const { draft } = this;
    fill(this.section, { position_trouble: say("looking") });
    try {
      const position = await whereAmI();
      if (this.live && this.draft === draft) this.setPosition(position);
    } catch (key) {
      fill(this.section, { position_trouble: say(key) });
    }
  }

  /** Save what stands in the form, or say why it is not saved. */
  async save() {
    if (this.saving) return;
    this.saving = true;
    const button = this.form.querySelector("[type=submit]");
    button.disabled = true;
    try {
      if (this.isPlausible() && (await this.picturesReady()) && this.isPlausible() && this.isOver()) {
        await this.keepSaved(this.read());
      }
    } catch (error) {
      console.warn(error);
      this.tell(say("not_saved"));
    } finally {
      this.saving = false;
      button.disabled = false;
    }
  }

  isPlausible() {
    const limits = { people: Number(this.form.dataset.people), days: Number(this.form.dataset.days) };
    const draft = this.read();
    const problems = problemsOf(draft, limits, villageToday(this.visit.zone));
    const trouble = Object.keys(problems).length > 0 ? say("please_check") : "";
    fill(this.section, { trouble });
    const facts = { lines: number(workersOf(draft.lines)), signups: number(asCount(draft.signups) ?? 0) };
    this.fields.showProblems(problems, facts);
    return trouble === "";
  }

  /** Wait for a photo that is being made small; false if the form was left over it. */
  async picturesReady() {
    const { draft } = this;
    if (this.pictures.choosing) this.tell(say("photo_prepared"));
    await this.pictures.ready();
    if (!this.live || this.draft !== draft) return false;
    fill(this.section, { trouble: "" });
    return true;
  }

  /** Ask once more before a session is told that cannot have been held by the server's clock. */
  isOver() {
    const { visit } = this;
    const now = villageNow(visit.zone);
    const { held_on: day, held_at: at } = this.read();
    const isAhead = (on, from) => now !== null && `${on} ${from}` > now;
    const typedAhead = isAhead(day, at);
    if (!typedAhead && (this.draft.base || !isAhead(visit.day, visit.starts_at))) return true;
    const planned = this.inWords(visit.day, visit.starts_at);
    const typed = this.inWords(day, at);
    const facts = { day: typed.day, time: typed.time, planned_day: planned.day, planned_time: planned.time };
    if (window.confirm(say(typedAhead ? "not_come_yet" : "really_held", facts))) return true;
    this.tell(say("not_saved_early"));
    return false;
  }

  tell(trouble) {
    fill(this.section, { trouble });
    this.section.querySelector("[data-slot=trouble]").scrollIntoView({ block: "center" });
  }

  async keepSaved(draft) {
    const { id, outcome } = await saveDraft(draft, this.visitId, this.base);
    if (outcome === "saved") {
      await this.forgetDraft();
      location.hash = `saved/${id}`;
      return;
    }
    this.tell(say(outcome));
    if (outcome === "nothing_new") return;
    // It may be sent from the memory of this page, so what is saved next is its correction.
    const item = await outbox.get(id);
    if (!item || item.state === "refused") return;
    this.base = { id, content: item.body, item, report: null };
    this.draft = { ...this.draft, base: id, amends: null };
    if (outcome === "no_room_picture") this.changed(true);
  }
}
