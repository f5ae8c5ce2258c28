/* Fetches the cards that take longer to reckon than the page should wait. */
const place = document.querySelector("[data-cards]");
if (place) {
  try {
    const answer = await fetch(place.dataset.cards, { headers: { Accept: "text/html" } });
    // Whoever was logged out meanwhile is led to another page: that is no card.
    if (!answer.ok || answer.redirected) throw new Error(`answer ${answer.status}`);
    place.innerHTML = await answer.text();
  } catch {
    place.querySelector("[data-waiting]").hidden = true;
    place.querySelector("[data-failed]").hidden = false;
  } finally {
    place.removeAttribute("aria-busy");
  }
}
