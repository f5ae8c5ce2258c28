// Keeps the table in step with the map: with the area it looks at, and with what changes there.
const table = document.querySelector("[data-table]");
const field = document.querySelector("[data-area]");
const EVERY = 15_000;
let wanted = 0;
let shown = field.value;

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
  shown = area;
  document.title = table.querySelector("[data-title]").dataset.title;
}

window.addEventListener("outreach:view", ({ detail }) => {
  if (detail.area === field.value) return;
  field.value = detail.area;
  show(detail.area);
});
window.addEventListener("outreach:look", () => show(field.value));
setInterval(() => {
  if (!document.hidden) show(field.value);
}, EVERY);
