// Helps with the report form; everything works without it too.
const form = document.querySelector("[data-report]");
const number = (field) => Number.parseInt(field?.value, 10) || 0;
const lines = form.querySelector("[data-lines]");
const workers = () => [...lines.querySelectorAll("[name$='.workers']")];

function showSums() {
  const people = form.querySelector("[data-people]");
  people.hidden = false;
  people.querySelector("output").value = number(form.elements.men) + number(form.elements.women);
  const told = workers().reduce((sum, field) => sum + number(field), 0);
  const mismatch = form.querySelector("[data-mismatch]");
  const total = form.elements.signups.value;
  mismatch.hidden = !told || total === "" || told === number(form.elements.signups);
  mismatch.querySelector("output").value = `${told} / ${total}`;
}

function addLine() {
  const html = form.querySelector("template[data-line]").innerHTML;
  lines.insertAdjacentHTML("beforeend", html.replaceAll("__n__", String(workers().length)));
  lines.lastElementChild.querySelector("select").focus();
}

// Without a script a few empty lines stand ready; with one, a line comes when it is asked for.
for (const line of [...lines.children].slice(1).reverse()) {
  const fields = [...line.querySelectorAll("select, input")];
  if (fields.some((field) => field.value)) break;
  line.remove();
}
const add = form.querySelector("[data-add]");
add.hidden = false;
add.addEventListener("click", addLine);
form.addEventListener("input", showSums);
form.addEventListener("submit", () => {
  form.querySelector(".save").disabled = true;
});
// Coming back to the page from the browser's memory must not leave the button dead.
window.addEventListener("pageshow", () => {
  form.querySelector(".save").disabled = false;
  showSums();
});
