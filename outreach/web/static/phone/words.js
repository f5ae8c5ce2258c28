// The words of the page stand in it; here they are only found, filled and put in place.
const language = document.documentElement.lang || "id";
const words = new Map();

/** The words of the page for *key*, with `{name}` filled from *facts*. */
export function say(key, facts = {}) {
  if (words.size === 0) readWords();
  const text = words.get(key);
  if (text === undefined) throw new Error(`the page has no words for ${key}`);
  return text.replace(/\{(\w+)\}/g, (whole, name) => facts[name] ?? whole);
}

/** The words for *key*, or those for *other* where the page has none for it. */
export const sayOr = (key, other, facts = {}) => say(hasWords(key) ? key : other, facts);

function hasWords(key) {
  if (words.size === 0) readWords();
  return words.has(key);
}

function readWords() {
  for (const template of document.querySelectorAll("template[data-words]")) {
    for (const one of template.content.querySelectorAll("[data-word]")) {
      words.set(one.dataset.word, one.textContent.trim());
    }
  }
}

const asDate = (day) => new Date(`${day}T00:00:00Z`);
const longDay = new Intl.DateTimeFormat(language, {
  weekday: "long", day: "numeric", month: "long", year: "numeric", timeZone: "UTC",
});
const figures = new Intl.NumberFormat(language, { maximumFractionDigits: 3 });

export const dayInWords = (day) => longDay.format(asDate(day));
export const number = (value) => figures.format(value);

/** Say how many are meant, in the words for one or for several. */
export const sayCount = (key, n, facts = {}) => say(`${key}-${n === 1 ? "one" : "many"}`, { ...facts, n: number(n) });

/** The moment in the phone's own time and the reader's words. */
export const moment = (iso) => new Intl.DateTimeFormat(language, {
  day: "numeric", month: "short", hour: "2-digit", minute: "2-digit",
}).format(new Date(iso));

/** A local time as people write it, with its zone: 09.30 WIB. */
export function time(at, zoneName = "") {
  const short = String(at).slice(0, 5);
  return `${language === "id" ? short.replace(":", ".") : short} ${zoneName}`.trim();
}

/** A copy of a template of the page. */
export const copyOf = (name) =>
  document.querySelector(`template[data-template="${name}"]`).content.firstElementChild.cloneNode(true);

/** Put texts into the slots of *root*; a slot without one is hidden. */
export function fill(root, texts) {
  for (const [name, text] of Object.entries(texts)) {
    const own = root.dataset?.slot === name ? [root] : [];
    for (const slot of [...own, ...root.querySelectorAll(`[data-slot="${name}"]`)]) {
      const empty = text === undefined || text === null || text === "" || text === false;
      slot.textContent = empty ? "" : text;
      (slot.closest("[data-with]") ?? slot).hidden = empty;
    }
  }
  return root;
}

/** What *card* makes of each; where one cannot be shown *plain* stands in, so that the others are. */
export const cardsOf = (all, card, plain) => all.map((one) => {
  try {
    return card(one);
  } catch (error) {
    console.warn(error);
    return plain(one);
  }
});

/**
 * Put these in place of what the list holds, keeping the keyboard and the reading voice where they
 * are: on the same button of what bears the same `data-key`, or the nearest that is left.
 */
export function redraw(list, lines) {
  const focused = list.contains(document.activeElement) ? document.activeElement : null;
  const line = focused && [...list.children].findIndex((one) => one.contains(focused));
  const key = focused?.closest("[data-key]")?.dataset.key;
  const place = focused && reachable(list.children[line]).indexOf(focused);
  list.replaceChildren(...lines);
  if (!focused) return;
  const same = (key && lines.find((one) => one.dataset.key === key)) ?? lines[Math.min(line, lines.length - 1)];
  const ways = same ? reachable(same) : [];
  const next = ways[Math.min(place, ways.length - 1)] ?? list.closest("[data-screen]")?.querySelector("[data-heading]");
  next?.focus();
}

const reachable = (root) => (
  [...root.querySelectorAll("a[href], button, input")].filter((one) => !one.closest("[hidden]") && !one.disabled)
);

/** Show or hide the part of *root* that has the name. */
export function show(root, part, shown) {
  for (const one of root.querySelectorAll(`[data-part="${part}"]`)) one.hidden = !shown;
}
