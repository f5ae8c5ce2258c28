// Ties the picture of districts to the boxes of the list: the list is the form, the picture shows it.
const boxes = [...document.querySelectorAll('input[name="area_codes"]')];
const shapes = new Map([...document.querySelectorAll("[data-area]")].map((shape) => [shape.dataset.area, shape]));
const chosen = document.getElementById("area-chosen");
const box = (code) => document.getElementById(`area-${code}`);
const isRegency = (code) => code.length === 5;
const districts = (regency) => boxes.filter((one) => one.value.startsWith(`${regency}.`));
const count = (some) => some.reduce((sum, one) => sum + Number(one.dataset.count), 0);

function toggle(code) {
  const whole = box(code.slice(0, 5));
  const district = box(code);
  if (!district) return;
  if (whole?.checked) {
    // One district out of a whole regency: the others stay.
    whole.checked = false;
    for (const one of districts(whole.value)) one.checked = one.value !== code;
  } else {
    district.checked = !district.checked;
  }
  show();
}

function show() {
  const ticked = boxes.filter((one) => one.checked);
  const wholes = new Set(ticked.map((one) => one.value).filter(isRegency));
  for (const [code, shape] of shapes) {
    shape.classList.toggle("on", wholes.has(code.slice(0, 5)) || Boolean(box(code)?.checked));
  }
  const counted = ticked.filter((one) => isRegency(one.value) || !wholes.has(one.value.slice(0, 5)));
  const names = counted.map((one) => one.dataset.name).join(", ");
  const all = boxes.filter((one) => isRegency(one.value));
  const number = count(counted.length ? counted : all).toLocaleString(document.documentElement.lang);
  chosen.textContent = `${names || chosen.dataset.none}: ${number} ${chosen.dataset.villages}`;
}

for (const [code, shape] of shapes) {
  shape.addEventListener("click", (event) => {
    event.preventDefault();
    toggle(code);
  });
}
for (const one of boxes) {
  one.addEventListener("change", show);
  one.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return; // it would send the form
    event.preventDefault();
    one.click();
  });
  const near = (is) => () => {
    for (const [code, shape] of shapes) if (code.startsWith(one.value)) shape.classList.toggle("near", is);
  };
  one.addEventListener("focus", near(true));
  one.addEventListener("blur", near(false));
}
chosen.hidden = false;
show();
