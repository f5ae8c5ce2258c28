// The address of a map follows what is looked at: what is saved is the address of that moment.
for (const form of document.querySelectorAll("form[data-save-view]")) {
  form.addEventListener("submit", () => {
    const { pathname, search, hash } = window.location;
    form.elements.address.value = pathname + search + hash;
  });
}
