// Moves the cut line of the shortlist while the quota is being chosen; saving is the form's. What
// is typed and not saved yet goes along when a village is decided on, looked for or paged to.
const quota = document.getElementById("quota");
const slider = document.getElementById("quota-slider");
const words = document.getElementById("cut-words");
const rows = [...document.querySelectorAll("tr[data-rank]")];
const kept = Number(words.dataset.kept);
const ranked = Number(words.dataset.ranked);
const written = (number) => number.toLocaleString(document.documentElement.lang);

function show() {
  const most = quota.value ? Math.max(0, Number(quota.value) - kept) : ranked;
  const taken = Math.min(most, ranked);
  for (const row of rows) {
    const rank = Number(row.dataset.rank);
    const isIn = rank <= taken;
    row.classList.toggle("in", isIn);
    row.classList.toggle("beyond", !isIn);
    row.classList.toggle("cut", rank === taken + 1);
    const tag = row.querySelector(".cut-tag");
    tag.classList.toggle("confirmed", isIn);
    tag.textContent = isIn ? tag.dataset.in : tag.dataset.out;
  }
  words.textContent = words.dataset.words
    .replace("{in}", written(taken))
    .replace("{all}", written(ranked))
    .replace("{out}", written(ranked - taken));
}

slider.addEventListener("input", () => {
  quota.value = Number(slider.value) >= ranked + kept ? "" : slider.value;
  show();
});
quota.addEventListener("input", () => {
  slider.value = quota.value || slider.max;
  show();
});
slider.parentElement.hidden = false;
show();

const ordering = document.getElementById("ordering");
const stored = ordering.value;

function typed() {
  const values = new Map();
  if (quota.value !== quota.defaultValue && quota.validity.valid) values.set("quota", quota.value || "0");
  if (ordering.value !== stored) values.set("ordering", ordering.value);
  return values;
}

for (const form of document.querySelectorAll("main form")) {
  if (form === quota.form) continue;
  form.addEventListener("formdata", ({ formData }) => {
    for (const [name, value] of typed()) formData.set(name, value);
  });
}

for (const link of document.querySelectorAll("main a[href]")) {
  if (link.pathname !== location.pathname) continue;
  link.addEventListener("click", () => {
    const address = new URL(link.href);
    for (const [name, value] of typed()) address.searchParams.set(name, value);
    link.href = address;
  });
}
