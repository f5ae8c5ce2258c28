// Keeps identity numbers (NIK, family card) out; the same rule as people/identity.py.
import { areCounts, withoutHonestDigits } from "./honest_digits.js";

const LONG = 16;
const IN_A_ROW = /\d{16}/;
// Digits with whatever signs between them, also ends of lines; a letter ends them.
const CHAIN = /\d+(?:[^\p{L}\p{N}]+\d+)*/gu;
// The letters that people type for 0 and 1, in words of nothing but them and digits.
const LOOKALIKES = /(^|[^\p{L}\p{Nl}\p{No}])([OoIl]+)(?![\p{L}\p{Nl}\p{No}])/gu;
// Region of six digits, day (plus 40 for women), month, year, four digits of a series. The first
// two digits are a province's, 54 that of East Timor; behind them stands a regency's number up to
// 39 or a city's from 71, and a district's.
const PROVINCE = "(?:1[1-9]|21|3[1-6]|5[1-4]|6[1-5]|7[1-6]|8[12]|9[1-9])";
const REGION = `${PROVINCE}(?:0[1-9]|[123]\\d|7[1-9])(?:0[1-9]|[1-5]\\d)`;
const BIRTHDAY = "(?:[04][1-9]|[1256]\\d|[37][01])(?:0[1-9]|1[0-2])\\d{2}";
const NIK = new RegExp(`^${REGION}${BIRTHDAY}\\d{4}$`);
// Digits in circles and the like that follow one another from 1: the first of them, and how many.
const ROUND = [
  [0x1369, 9], [0x19da, 1], [0x24f5, 9], [0x2776, 9], [0x2780, 9], [0x278a, 9], [0x10a40, 4],
  [0x10e60, 9], [0x11052, 9],
];

export function holdsIdentityNumber(text) {
  const plain = plainText(text).replace(LOOKALIKES, meant);
  return IN_A_ROW.test(plain) || [...plain.matchAll(CHAIN)].some((found) => holdsNik(found[0]));
}

// Digits of every script count, and signs that nobody sees part no number.
function plainText(text) {
  return Array.from(text, alike)
    .join("")
    .replace(/\p{Nd}/gu, decimal)
    .replace(/\p{No}/gu, round)
    .replace(/\p{Cf}/gu, "")
    .replace(/[\p{Pd}\u2212]/gu, "-")
    .replace(/\p{Zs}/gu, " ");
}

// "℃" holds a letter and is a sign all the same.
function alike(sign) {
  const plain = sign.normalize("NFKC");
  return !/[\p{L}\p{N}]/u.test(sign) && /\p{L}/u.test(plain) ? sign : plain;
}

// The ten digits of a script follow one another.
function decimal(sign) {
  const point = sign.codePointAt(0);
  let value = 0;
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(point - value - 1))) value += 1;
  return String(value);
}

function round(sign) {
  const point = sign.codePointAt(0);
  const found = ROUND.find(([first, count]) => first <= point && point < first + count);
  return found ? String(point - found[0] + 1) : sign.replace("\u24ff", "0");
}

function meant(found, before, letters, place, text) {
  const beside = before + text.charAt(place + found.length);
  return /\d/.test(beside) ? before + letters.replace(/[Oo]/g, "0").replace(/[Il]/g, "1") : found;
}

/** Whether some of the groups one after the other are a NIK together. */
function holdsNik(chain) {
  const groups = withoutHonestDigits(chain, (digits) => NIK.test(digits)).match(/\d+/g) ?? [];
  if (areCounts(groups)) return false;
  const digits = groups.join("");
  const ends = new Set([0]);
  let end = 0;
  for (const group of groups) ends.add((end += group.length));
  const isNik = (from) => ends.has(from + LONG) && NIK.test(digits.slice(from, from + LONG));
  return [...ends].some(isNik);
}
