// Moves a visit on the week's calendar, with a pointer or with keys. The server says at once what
// the move would break; nothing moves before its form is sent.
const week = document.getElementById("week");
const panel = document.getElementById("drop");
const FAR = 6; // pixels before a press becomes a drag
const LONG_PRESS = 350; // milliseconds before a finger carries instead of scrolling
const PAUSE = 120; // milliseconds on one target before the server is asked

let carried = null; // the chip on its way
let target = null; // { cell, position }
let ghost = null;
let press = null;
let asking = null;
let waiting = 0;
let hasDragged = false;

const others = (cell) => [...cell.querySelectorAll(".chip")].filter((chip) => chip !== carried);
const isHome = () => carried.parentElement === target.cell && target.position === home();
const home = () => [...carried.parentElement.querySelectorAll(".chip")].indexOf(carried) + 1;

function pickUp(chip) {
  letGo();
  carried = chip;
  chip.classList.add("carried");
  aim(chip.parentElement, home());
}

function letGo() {
  clearTimeout(waiting);
  asking?.abort();
  carried?.classList.remove("carried");
  unmark();
  ghost?.remove();
  panel.hidden = true;
  panel.parentElement.style.minHeight = "";
  carried = target = ghost = null;
}

function unmark() {
  for (const marked of week.querySelectorAll(".target, .before")) marked.classList.remove("target", "before");
}

function aim(cell, position) {
  const most = others(cell).length + 1;
  const wanted = { cell, position: Math.min(Math.max(position, 1), most) };
  if (target?.cell === wanted.cell && target.position === wanted.position) return;
  target = wanted;
  unmark();
  cell.classList.add("target");
  others(cell)[target.position - 1]?.classList.add("before");
  clearTimeout(waiting);
  asking?.abort();
  if (isHome()) panel.hidden = true;
  else waiting = setTimeout(ask, PAUSE);
}

async function ask() {
  const { cell, position } = target;
  const slot = Math.min(position, 3); // a fourth session is refused in words
  const wanted = new URLSearchParams({ team_id: cell.dataset.team, day: cell.dataset.day, slot, insert: "on" });
  const onto = others(cell)[position - 1] ?? others(cell).at(-1); // for changing places
  if (onto?.dataset.drop && cell !== carried.parentElement) wanted.set("onto", onto.dataset.drop.split("/")[2]);
  asking = new AbortController();
  try {
    const answer = await fetch(`${carried.dataset.drop}?${wanted}`, { signal: asking.signal });
    if (!target) return;
    if (!answer.ok || answer.redirected) throw new Error(answer.status);
    const body = new DOMParser().parseFromString(await answer.text(), "text/html").body;
    panel.replaceChildren(...body.childNodes);
    panel.classList.toggle("passing", !panel.dataset.down);
    panel.hidden = false;
    place(cell);
    if (panel.dataset.down) settle();
  } catch (error) {
    if (error.name !== "AbortError") fail();
  }
}

// Nobody knows what the drop would do, so nothing is carried any more.
function fail() {
  const cell = target?.cell;
  const isDown = panel.dataset.down;
  panel.hidden = true;
  if (!isDown || !cell) return; // the next target asks again
  cancel();
  panel.textContent = panel.dataset.failed;
  panel.hidden = false;
  place(cell);
}

// Beside the cell, and within what is seen of the table.
function place(cell) {
  const box = panel.parentElement;
  const right = cell.offsetLeft + cell.offsetWidth + 6;
  const left = cell.offsetLeft - panel.offsetWidth - 6;
  const fits = right + panel.offsetWidth <= box.scrollLeft + box.clientWidth;
  panel.style.left = `${Math.max(0, fits ? right : left)}px`;
  panel.style.top = `${cell.offsetTop}px`;
  const missing = panel.offsetTop + panel.offsetHeight - box.clientHeight;
  box.style.minHeight = missing > 0 ? `${box.clientHeight + missing + 16}px` : "";
}

function putDown() {
  ghost?.remove();
  ghost = null;
  if (!target || isHome()) {
    const chip = carried;
    letGo();
    chip.focus();
    return;
  }
  panel.dataset.down = "yes";
  clearTimeout(waiting);
  asking?.abort();
  ask();
}

function settle() {
  panel.classList.remove("passing");
  (panel.querySelector("input:not([type=hidden])") ?? panel.querySelector("[data-cancel]")).focus();
}

function cancel() {
  const chip = carried;
  delete panel.dataset.down;
  letGo();
  chip?.focus();
}

function step(key) {
  const { cell, position } = target;
  const row = cell.parentElement;
  const aside = { ArrowLeft: cell.previousElementSibling, ArrowRight: cell.nextElementSibling }[key];
  if (aside) return aside.dataset.day && aim(aside, position);
  if (key === "ArrowUp" && position > 1) return aim(cell, position - 1);
  if (key === "ArrowDown" && position <= others(cell).length) return aim(cell, position + 1);
  const next = { ArrowUp: row.previousElementSibling, ArrowDown: row.nextElementSibling }[key];
  if (next) aim(next.cells[cell.cellIndex], key === "ArrowUp" ? 4 : 1);
}

// Keys
week.addEventListener("keydown", (event) => {
  const chip = event.target.closest(".chip[data-drop]");
  if (!chip) return;
  if (!carried && event.key === " ") pickUp(chip);
  else if (carried && !panel.dataset.down && event.key.startsWith("Arrow")) step(event.key);
  else if (carried && !panel.dataset.down && [" ", "Enter"].includes(event.key)) putDown();
  else return;
  event.preventDefault();
});
document.addEventListener("keydown", (event) => {
  if (carried && event.key === "Escape") cancel();
});

// Mouse, pen and finger
week.addEventListener("pointerdown", (event) => {
  const chip = event.target.closest(".chip[data-drop]");
  if (!chip || event.button !== 0) return;
  if (panel.dataset.down) cancel();
  press = { chip, x: event.clientX, y: event.clientY, isFinger: event.pointerType === "touch" };
  if (press.isFinger) press.timer = setTimeout(() => carry(event.clientX, event.clientY), LONG_PRESS);
});
document.addEventListener("pointermove", (event) => {
  if (!press) return;
  const isFar = Math.hypot(event.clientX - press.x, event.clientY - press.y) > FAR;
  if (!ghost && isFar && press.isFinger) return release(); // it scrolls
  if (!ghost && isFar) carry(event.clientX, event.clientY);
  if (ghost) hover(event.clientX, event.clientY);
});
document.addEventListener("pointerup", () => {
  if (ghost) putDown();
  release();
});
document.addEventListener("pointercancel", () => {
  if (ghost) cancel();
  release();
});
week.addEventListener("touchmove", (event) => ghost && event.preventDefault(), { passive: false });
week.addEventListener("dragstart", (event) => event.preventDefault());
week.addEventListener("contextmenu", (event) => ghost && event.preventDefault());
week.addEventListener("click", (event) => {
  if (hasDragged) event.preventDefault();
  hasDragged = false;
}, true);

function carry(x, y) {
  pickUp(press.chip);
  hasDragged = true;
  ghost = carried.cloneNode(true);
  ghost.classList.add("ghost");
  document.body.append(ghost);
  hover(x, y);
}

function release() {
  clearTimeout(press?.timer);
  press = null;
  setTimeout(() => (hasDragged = false)); // a click follows at once, or none does
}

function hover(x, y) {
  ghost.style.transform = `translate(${x + 8}px, ${y + 8}px)`;
  const cell = document.elementFromPoint(x, y)?.closest("#week td[data-day]");
  if (!cell) return;
  const above = others(cell).filter((chip) => {
    const box = chip.getBoundingClientRect();
    return box.top + box.height / 2 < y;
  });
  aim(cell, above.length + 1);
}

panel.addEventListener("click", (event) => event.target.closest("[data-cancel]") && cancel());
