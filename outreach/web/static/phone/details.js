// Who signed up, by work, package and payer: lines that have to agree with the number above.
import { asCount, toldLines, workersOf } from "./checks.js";
import { copyOf, number, say } from "./words.js";

const FIELDS = ["sector", "package", "payer", "workers"];

/** The lines of the form below *root*; *changed* is called after each change of them. */
export class Lines {
  constructor(root, changed) {
    this.list = root.querySelector("[data-lines]");
    this.changed = changed;
    root.querySelector("[data-add-line]").addEventListener("click", () => {
      this.add().querySelector("select").focus();
    });
    this.list.addEventListener("click", (event) => this.remove(event));
  }

  set(lines) {
    this.list.replaceChildren();
    for (const line of lines) this.add(line);
  }

  get() {
    return [...this.list.children].map((row) =>
      Object.fromEntries(FIELDS.map((name) => [name, row.querySelector(`[name=${name}]`).value])),
    );
  }

  add(line = {}) {
    const row = copyOf("line");
    for (const name of FIELDS) row.querySelector(`[name=${name}]`).value = line[name] ?? "";
    this.list.append(row);
    return row;
  }

  remove(event) {
    const button = event.target.closest("[data-remove-line]");
    if (!button) return;
    const row = button.closest("[data-line]");
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    (next?.querySelector("select") ?? this.list.parentElement.querySelector("[data-add-line]")).focus();
    this.changed();
  }
}

/** Say how the lines and the number of sign-ups stand to each other; empty without lines. */
export function sumInWords(lines, signups) {
  const told = workersOf(lines);
  if (toldLines(lines).length === 0 || told === 0) return { text: "", agrees: true };
  const facts = { lines: number(told), signups: number(asCount(signups) ?? 0) };
  const given = asCount(signups);
  if (given === null) return { text: say("sum_is_total", facts), agrees: true };
  if (given === told) return { text: say("sum_agrees", facts), agrees: true };
  const difference = number(Math.abs(given - told));
  const key = told < given ? "sum_too_few" : "sum_too_many";
  return { text: say(key, { ...facts, difference }), agrees: false };
}
