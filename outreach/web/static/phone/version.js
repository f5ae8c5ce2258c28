// Brings new versions of this page: fetched quietly, taken when the page is loaded the next time.

const ASK_AFTER_SECONDS = [0, 2, 5];
const LOOK_AGAIN_MS = 60 * 60_000;

export async function takeNewVersions() {
  const hadOne = Boolean(navigator.serviceWorker.controller);
  let reloading = false;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    // The first worker of all takes the page as it is; a later one brings other files.
    if (!hadOne || reloading) return;
    reloading = true;
    location.reload();
  });
  const registration = await navigator.serviceWorker.register("/phone/sw.js", { scope: "/phone/", updateViaCache: "none" });
  // Nothing has been typed yet on a page that has just been loaded, and drafts are on the disk.
  const next = registration.waiting;
  for (const seconds of next ? ASK_AFTER_SECONDS : []) {
    // Asked for while the old one was busy, a browser may forget it.
    setTimeout(() => next.state === "installed" && next.postMessage("take over"), seconds * 1000);
  }
  let looked = Date.now();
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible" || Math.abs(Date.now() - looked) < LOOK_AGAIN_MS) return;
    looked = Date.now();
    registration.update().catch(() => undefined);
  });
}
