// Asks our server, and believes only an answer that is surely from it.
import { hearClock } from "./clock.js";

export const SHORT_MS = 45_000;
export const LONG_MS = 120_000;
const LONGEST_WAIT_MS = 6 * 3_600_000;

/**
 * Why there was no answer to go by. `code` is one of
 *   offline   nothing came, or not in time
 *   stranger  something answered that is not our server, such as the login page of a Wi-Fi
 *   unknown   our server does not know this phone; `revoked` if it was taken back
 *   busy      it asks to wait, `waitMs` long
 *   broken    it could not do it
 */
export class Trouble extends Error {
  constructor(code, { waitMs = null, revoked = false } = {}) {
    super(code);
    Object.assign(this, { code, waitMs, revoked });
  }
}

/** Ask and give `{status, json, etag}` with status 200 or 304; raises Trouble for all else. */
export async function ask(path, { timeoutMs = SHORT_MS, headers = {}, ...options } = {}) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), timeoutMs);
  const askedAt = Date.now();
  try {
    const response = await fetch(path, {
      ...options,
      headers: { Accept: "application/json", "X-Requested-With": "outreach", ...headers },
      cache: "no-store", credentials: "same-origin", redirect: "manual", signal: stop.signal,
    }).catch(() => { throw new Trouble("offline"); });
    return await believed(response, path, askedAt);
  } finally {
    clearTimeout(timer);
  }
}

async function believed(response, path, askedAt) {
  const ours = response.type === "basic" && !response.redirected
    && response.url === new URL(path, location.href).href;
  if (!ours) throw new Trouble("stranger");
  if (response.status === 304) {
    hearClock(response, askedAt);
    return { status: 304, json: null, etag: null };
  }
  const json = await readJson(response);
  if (response.status === 401 && json) refuseUnknown(json);
  if (response.status === 429 || response.status === 503) {
    throw new Trouble("busy", { waitMs: askedToWait(response) });
  }
  if (response.status !== 200) throw new Trouble("broken", { waitMs: askedToWait(response) });
  if (json === null) throw new Trouble("stranger");
  hearClock(response, askedAt);
  return { status: 200, json, etag: response.headers.get("ETag") };
}

async function readJson(response) {
  if (!/^application\/json\b/.test(response.headers.get("Content-Type") ?? "")) return null;
  const text = await response.text().catch(() => { throw new Trouble("offline"); });
  try {
    const json = JSON.parse(text);
    return typeof json === "object" ? json : null;
  } catch {
    return null;
  }
}

function refuseUnknown(json) {
  if (json.code === "device_revoked") throw new Trouble("unknown", { revoked: true });
  if (json.code === "login_required") throw new Trouble("unknown");
}

/** Milliseconds of a Retry-After header, in seconds or as a date by the server's own clock. */
function askedToWait(response) {
  const told = response.headers.get("Retry-After")?.trim();
  if (!told) return null;
  if (/^\d+$/.test(told)) return Math.min(Number(told) * 1000, LONGEST_WAIT_MS);
  const until = Date.parse(told);
  const now = Date.parse(response.headers.get("Date") ?? "") || Date.now();
  return Number.isNaN(until) ? null : Math.min(Math.max(until - now, 0), LONGEST_WAIT_MS);
}
