// One tap opens WhatsApp and marks the message as sent; without a script the coordinator does, on
// the page of messages.
const count = document.querySelector("[data-count]");

async function mark(link, form) {
  const answer = await fetch(`${form.action}?from=tap`, { method: "POST", body: new FormData(form), keepalive: true });
  if (answer.status !== 204) return; // changed meanwhile, or logged out: the button tells it
  link.closest(".messages li")?.classList.add("is-sent");
  document.getElementById(form.dataset.shows)?.removeAttribute("hidden");
  form.remove();
  const left = document.querySelectorAll(".messages [data-sent]").length;
  if (count && left === 0) location.reload();
}

for (const link of document.querySelectorAll("[data-tap]")) {
  link.addEventListener("click", () => {
    const form = document.getElementById(link.dataset.tap);
    if (form) mark(link, form).catch(() => {}); // the button is still there
  });
}
