// Tells while a move is being chosen what it would break; the server finds the sentences.
const form = document.getElementById("move");
const told = document.getElementById("warnings");
const WATCHED = ["team_id", "day", "slot"];
const start = chosen();
let asking = null;

function chosen() {
  return new URLSearchParams(WATCHED.map((name) => [name, form.elements[name].value])).toString();
}

async function ask() {
  asking?.abort();
  const wanted = chosen();
  if (wanted === start) {
    told.replaceChildren();
    return;
  }
  asking = new AbortController();
  try {
    const answer = await fetch(`${form.dataset.warnings}?${wanted}`, { signal: asking.signal });
    if (!answer.ok || answer.redirected) return; // the same check runs when the form is sent
    const body = new DOMParser().parseFromString(await answer.text(), "text/html").body;
    if (wanted === chosen()) told.replaceChildren(...body.childNodes);
  } catch (error) {
    if (error.name !== "AbortError") told.replaceChildren();
  }
}

form.addEventListener("change", (event) => {
  if (WATCHED.includes(event.target.name)) ask();
});
