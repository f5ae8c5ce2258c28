// The next visits: the nearest first and large, with the one thing to do now.
import { cardOf } from "./card.js";
import { villageToday } from "./clock.js";
import { known } from "./known.js";
import { show } from "./words.js";

export async function open(section) {
  await refresh(section);
}

export async function refresh(section) {
  const all = await known();
  const visits = inOrder(all.visits);
  show(section, "unknown", !all.told);
  show(section, "empty", all.told && visits.length === 0);
  const list = section.querySelector("[data-list]");
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  list.replaceChildren(...visits.map((visit) => cardOf(visit, all)));
  if (focused) list.querySelector(`[data-key="${focused}"]`)?.focus();
}

/** Today's first, then those whose report is missing, then what comes. */
function inOrder(visits) {
  const keyed = visits.map((visit) => {
    const today = villageToday(visit.zone);
    if (!today || visit.day > today) return [2, visit.day + visit.starts_at, visit];
    if (visit.day === today) return [0, visit.starts_at, visit];
    return [1, String(99_999_999 - Number(visit.day.replaceAll("-", ""))), visit];
  });
  const before = (a, b) => a[0] - b[0] || a[1].localeCompare(b[1]);
  return keyed.sort(before).map(([, , visit]) => visit);
}
