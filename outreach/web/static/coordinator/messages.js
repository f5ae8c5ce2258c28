// One tap opens WhatsApp and marks the message as sent; without a script the coordinator does, on
// the page of messages.
const count = document.querySelector("[data-count]");

function refuse(link, words) {
  const told = document.createElement("p");
  told.className = "alert alert-danger refused";
  told.setAttribute("role", "alert");
  told.textContent = words;
  if (link.nextElementSibling?.matches(".refused")) link.nextElementSibling.remove();
  link.after(told);
}

async function mark(link, form) {
  // To be sent on, to the login say, would load a page that nobody sees, and what it had to tell.
  const asked = { method: "POST", body: new FormData(form), keepalive: true, redirect: "manual" };
  const answer = await fetch(`${form.action}?from=tap`, asked);
  if (answer.status === 409) refuse(link, await answer.text());
  if (answer.status !== 204) return; // logged out, say: the button tells it
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
