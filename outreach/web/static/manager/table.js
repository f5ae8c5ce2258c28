// Keeps the table in step with the map: with the area it looks at, and with what changes there.
const table = document.querySelector("[data-table]");
const field = document.querySelector("[data-area]");
const EVERY = 15_000;
let wanted = 0;
let shown = field.value;
let layer = layerLookedAt();

function layerLookedAt() {
  return new URLSearchParams(window.location.search).get("layer") || "";
}

async function show(area) {
  const turn = ++wanted;
  const query = new URLSearchParams(window.location.search);
  for (const name of ["week", "beside"]) query.delete(name);
  query.set("area", area);
  if (!area) query.delete("area");
  const answer = await fetch(`/map/table?${query}`, { redirect: "error" }).catch(() => null);
  // The answer to an older question must not take the place of a newer one.
  if (!answer?.ok || turn !== wanted) return;
  const html = await answer.text();
  const isReading = area === shown && table.contains(document.activeElement);
  if (turn !== wanted || isReading || html === table.dataset.seen) return;
  table.innerHTML = html;
  table.dataset.seen = html;
  followWeeks();
  shown = area;
  document.title = table.querySelector("[data-title]").dataset.title;
}

// The files of the map show the weeks that the map shows; the table is of today.
function followWeeks() {
  const here = new URLSearchParams(window.location.search);
  for (const way of table.querySelectorAll("a[data-weeks]")) {
    const to = new URL(way.href);
    for (const name of ["week", "beside"]) {
      if (here.get(name)) to.searchParams.set(name, here.get(name));
      else to.searchParams.delete(name);
    }
    way.href = to.pathname + to.search;
  }
}

window.addEventListener("outreach:view", ({ detail }) => {
  if (detail.area === field.value) return;
  field.value = detail.area;
  show(detail.area);
});
window.addEventListener("outreach:look", () => {
  followWeeks();
  if (layer === layerLookedAt()) return; // while the weeks play the table stays as it is
  layer = layerLookedAt();
  show(field.value);
});
followWeeks();
setInterval(() => {
  if (!document.hidden) show(field.value);
}, EVERY);
