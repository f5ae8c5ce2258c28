// One visit, for links that lead to it.
import { cardOf } from "./card.js";
import { known, visitOf } from "./known.js";
import { show } from "./words.js";

export async function open(section, visitId) {
  await refresh(section, visitId);
}

export async function refresh(section, visitId) {
  const all = await known();
  const visit = visitOf(all, visitId);
  show(section, "gone", !visit);
  section.querySelector("[data-one]").replaceChildren(...(visit ? [cardOf(visit, all)] : []));
}
