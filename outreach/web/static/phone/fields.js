// The plain fields of the report's form: what is in them, which of them count, what is wrong.
import { dayInWords, fill, say, sayOr, show } from "./words.js";

const TEXTS = ["men", "women", "signups", "paid", "held_at", "place", "remarks"];
const HELD_ONLY = ["counts", "length", "lines"];
/** Where a problem is shown stands in one of these; it has to be open to be seen. */
const INSIDE = { lines: "lines", place: "place", remarks: "remarks" };

export class Fields {
  constructor(section, form) {
    this.section = section;
    this.form = form;
  }

  /** Show a draft; the day is asked for where nobody knows it. */
  set(draft, visit, today, dayIsKnown) {
    for (const name of TEXTS) this.form.elements[name].value = draft[name];
    this.form.elements.met.value = draft.met;
    // Of a visit that has left the list nobody knows here what was planned.
    this.plannedDay = visit.unplanned ? null : visit.day;
    fill(this.section, { planned_day: dayInWords(visit.day) });
    show(this.section, "planned", this.plannedDay !== null);
    const planned = draft.held_on === this.plannedDay;
    const which = planned ? "planned" : draft.held_on || visit.unplanned ? "other" : "";
    for (const one of this.form.elements.which_day) one.checked = one.value === which;
    this.form.elements.held_on.value = planned ? "" : draft.held_on;
    if (today) this.form.elements.held_on.max = today;
    show(this.section, "ask_day", today === null && !dayIsKnown);
    this.setLength(draft.minutes);
    this.showProblems({});
  }

  /** A length that is none of those to tap gets a place of its own. */
  setLength(minutes) {
    const chips = [...this.form.querySelectorAll("[name=minutes]")];
    const own = this.form.querySelector("[data-other-length]");
    const usual = chips.some((one) => one !== own && one.value === minutes);
    own.value = usual ? "-" : minutes;
    fill(this.section, { other_length: usual ? "" : say("some_minutes", { minutes }) });
    show(this.section, "other_length", !usual);
    for (const one of chips) one.checked = one.value === minutes;
  }

  get() {
    const { elements } = this.form;
    const texts = Object.fromEntries(TEXTS.map((name) => [name, elements[name].value]));
    const which = elements.which_day.value;
    const held_on = which === "planned" ? this.plannedDay : which === "other" ? elements.held_on.value : "";
    return { ...texts, met: elements.met.value, held_on, minutes: elements.minutes.value };
  }

  showParts({ met }) {
    for (const part of HELD_ONLY) show(this.section, part, met === "held");
    show(this.section, "other_day", this.form.elements.which_day.value === "other");
  }

  openWhatIsFilled(draft) {
    const filled = {
      lines: draft.lines.length > 0, place: Boolean(draft.place || draft.position),
      photo: Boolean(draft.photo), signature: draft.strokes.length > 0, remarks: Boolean(draft.remarks),
    };
    for (const part of this.section.querySelectorAll("details[data-more]")) {
      part.open = filled[part.dataset.more] ?? false;
    }
  }

  /** Say beside each field what is wrong with it, and go to the first; *facts* fill the words. */
  showProblems(problems, facts = {}) {
    let first = null;
    for (const line of this.section.querySelectorAll("[data-problem]")) {
      const field = line.dataset.problem;
      const codes = problems[field] ?? [];
      const words = codes.map((code) => sayOr(`problem.${field}.${code}`, `problem.${code}`, facts));
      line.textContent = [...new Set(words)].join(" ");
      line.hidden = codes.length === 0;
      const input = this.inputOf(field);
      input?.toggleAttribute("aria-invalid", codes.length > 0);
      if (codes.length > 0) {
        input?.setAttribute("aria-invalid", "true");
        first ??= { field, input, line };
      }
    }
    if (first) this.goTo(first);
  }

  inputOf(field) {
    if (field === "held_on") return this.form.querySelector("[name=which_day]:checked[value=other]") ? this.form.elements.held_on : this.form.elements.which_day[0];
    return this.section.querySelector(`#f-${field}`);
  }

  /** What is missing in a line of sign-ups; if nothing is, its number. */
  lineToFill() {
    const fields = [...this.section.querySelectorAll("[data-lines] :is(select, input)")];
    return fields.find((one) => one.value.trim() === "") ?? fields.find((one) => one.name === "workers");
  }

  goTo({ field, input, line }) {
    const inside = INSIDE[field] && this.section.querySelector(`[data-more="${INSIDE[field]}"]`);
    if (inside) inside.open = true;
    (input ?? this.lineToFill() ?? line.parentElement.querySelector("button"))?.focus();
    line.scrollIntoView({ block: "center" });
  }
}
