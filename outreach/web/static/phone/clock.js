// What time it is where the phone is, though its own clock may be years off.
//
// The server's clock comes with each of its answers. What is kept is how far the phone's clock was
// behind it then; a phone whose clock has been turned since is found out where it can be.
import { settings } from "./disk.js";

const SLACK_MS = 2 * 60_000;
// Longer than this after the last word from the server, nobody vouches for the phone's clock.
const VOUCHED_MS = 14 * 86_400_000;
let heard = null;

/** Begin with what was known when the page was last open. */
export async function startClock() {
  heard = await settings.get("clock").catch(() => null);
}

/** Note the server's clock from an answer of ours that was asked for at *askedAt* (phone's ms). */
export function hearClock(response, askedAt) {
  // A server before ours may add a date of its own: both come as one text, the first is enough.
  const [told] = (response.headers.get("Date") ?? "").match(/\w{3}, [^,]+/) ?? [""];
  const server = Date.parse(told);
  const now = Date.now();
  if (Number.isNaN(server) || now < askedAt) return;
  // The answer was made at some moment between asking and now; headers hold whole seconds.
  const offset = server + 500 - (askedAt + now) / 2;
  heard = { offset: Math.round(offset), server, pageMs: performance.now(), page: performance.timeOrigin };
  settings.put("clock", heard).catch(() => undefined);
}

/** The true time in milliseconds, or null where nobody knows it. */
export function trueNow() {
  if (!heard) return null;
  const now = Date.now() + heard.offset;
  const samePage = heard.page === performance.timeOrigin;
  const least = heard.server + (samePage ? performance.now() - heard.pageMs : 0);
  return now < least - SLACK_MS || now > heard.server + VOUCHED_MS ? null : now;
}

/** Whether it is known how far the phone's clock is off. */
export const skewKnown = () => trueNow() !== null;

/** How many minutes the phone's clock is ahead of the true time; null if nobody knows. */
export const minutesAhead = () => (skewKnown() ? Math.round(-heard.offset / 60_000) : null);

/** Today in a village (`2026-11-20`) by its zone (`Asia/Makassar`); null: ask the official. */
export function villageToday(zone) {
  const now = trueNow();
  return now === null ? null : new Intl.DateTimeFormat("en-CA", { timeZone: zone }).format(now);
}

/** Today and the time there (`2026-11-20 08:30`); null where nobody knows. */
export function villageNow(zone) {
  const now = trueNow();
  const style = { timeZone: zone, dateStyle: "short", timeStyle: "short" };
  return now === null ? null : new Intl.DateTimeFormat("sv-SE", style).format(now);
}
