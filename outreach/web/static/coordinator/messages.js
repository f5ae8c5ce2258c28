// One tap opens WhatsApp and marks the message as sent; without a script the button beside it does.
const count = document.querySelector("[data-count]");

async function mark(line, form) {
  const answer = await fetch(`${form.action}?from=tap`, { method: "POST", body: new FormData(form), keepalive: true });
  if (answer.status !== 204) return; // changed meanwhile, or logged out: the button tells it
  line.classList.add("is-sent");
  line.querySelector("[data-sent]")?.remove();
  const left = document.querySelectorAll(".messages [data-sent]").length;
  if (count && left === 0) location.reload();
}

for (const link of document.querySelectorAll("[data-tap]")) {
  const line = link.closest("li");
  link.addEventListener("click", () => {
    const form = line.querySelector("[data-sent]");
    if (form) mark(line, form).catch(() => {}); // the button is still there
  });
}
