// Ticks a whole page at once and counts what is ticked; without a script each is ticked by hand.
const form = document.getElementById("reviews");
const all = document.getElementById("tick-all");

if (form && all) {
  const boxes = [...form.querySelectorAll('input[name="visits"]')];
  const count = form.querySelector("[data-count]");
  const ticked = form.querySelector("#which-ticked");
  const written = (number) => number.toLocaleString(document.documentElement.lang);

  const show = () => {
    const several = boxes.filter((box) => box.checked).length;
    all.checked = several === boxes.length;
    all.indeterminate = several > 0 && several < boxes.length;
    count.textContent = form.dataset.words.replace("{count}", written(several));
  };

  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    ticked.checked = true;
    show();
  });
  form.addEventListener("change", ({ target }) => {
    if (target.name !== "visits") return;
    ticked.checked = true;
    show();
  });
  all.closest(".tick-all").hidden = false;
  show();
}
