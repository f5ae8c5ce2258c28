// Copies what stands in a field; without a script the field itself can be marked and copied.
for (const button of document.querySelectorAll("button[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.closest("details")?.setAttribute("open", "");
    field.focus();
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      document.execCommand("copy"); // pages without HTTPS have no clipboard of their own
    }
    const words = button.textContent;
    button.textContent = `${words} ✓`;
    setTimeout(() => (button.textContent = words), 2000);
  });
}
for (const field of document.querySelectorAll("[data-select]")) {
  field.addEventListener("focus", () => field.select());
}
