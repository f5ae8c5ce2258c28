// Watches a plan run: asks for the part of the page that changes, every second or as the page says, while it runs.
const holder = document.getElementById("run");
const said = document.getElementById("said");
const away = document.getElementById("away");
const EVERY = Number(holder.dataset.every ?? 1) * 1000;
const SLOWEST = 15 * EVERY;
let wait = EVERY;

async function look() {
  const answer = await fetch(holder.dataset.address, { headers: { Accept: "text/html" } });
  if (answer.redirected || answer.status === 401 || answer.status === 404) {
    location.reload(); // the login has run out: the server says where to go
    return false;
  }
  if (!answer.ok) throw new Error(String(answer.status));
  show(await answer.text());
  holder.dataset.state = answer.headers.get("Run-State");
  return holder.dataset.state === "running";
}

function show(html) {
  // A button that is just being pressed must not vanish under the finger.
  if (holder.querySelector("button:active")) return;
  const fresh = new DOMParser().parseFromString(html, "text/html").body;
  const focused = holder.contains(document.activeElement) ? document.activeElement.form?.action : null;
  holder.replaceChildren(...fresh.childNodes);
  holder.querySelector("#refresh")?.remove();
  if (focused) [...holder.querySelectorAll("form")].find((form) => form.action === focused)?.querySelector("button")?.focus();
  tell(holder.querySelector("#run-words").textContent.trim());
}

// Said only when it changes, so that a screen reader does not hear the same every second.
function tell(words) {
  if (said.textContent !== words) said.textContent = words;
}

async function watch() {
  let goesOn = true;
  if (!document.hidden) {
    try {
      goesOn = await look();
      away.hidden = true;
      wait = EVERY;
    } catch {
      away.hidden = false;
      wait = Math.min(wait * 2, SLOWEST);
    }
  }
  if (goesOn) setTimeout(watch, wait);
}

holder.querySelector("#refresh")?.remove();
setTimeout(watch, EVERY);
