// Keeps identity numbers (NIK, family card) out; the same rule as people/identity.py.

// Digits in groups with one and the same sign between them, as people write long numbers.
const GROUPS = /\d+(?:([ .\-/])\d+(?:\1\d+)*)?/g;
// Digits in groups with up to three signs between them, also different ones.
const LOOSE = /\d+(?:[ .,_/\-]{1,3}\d+)+/g;
// The groups in which people write a NIK. Where the signs differ, only these count: a village's
// code and a day behind it have sixteen digits together.
const SHAPES = [
  [6, 6, 4], [6, 10], [6, 2, 2, 2, 4], [2, 2, 2, 6, 4], [2, 2, 2, 10], [2, 2, 2, 2, 2, 2, 4],
];
// These only without other long groups before or behind: telephone numbers stand in fours too.
const SHAPES_ALONE = ["4,4,4,4", "12,4"];
// Region of six digits, day (plus 40 for women), month, year, four digits of a series. The first
// two digits are a province's, 54 that of East Timor.
const PROVINCE = "(?:1[1-9]|21|3[1-6]|5[1-4]|6[1-5]|7[1-6]|8[12]|9[1-9])";
const BIRTHDAY = "(?:[04][1-9]|[1256]\\d|[37][01])(?:0[1-9]|1[0-2])\\d{2}";
const NIK = new RegExp(`^${PROVINCE}\\d{4}${BIRTHDAY}\\d{4}$`);
const LONG = 16;

export function holdsIdentityNumber(text) {
  const plain = plainText(text);
  return (
    [...plain.matchAll(GROUPS)].some((found) => isIdentity(digitsOf(found))) ||
    [...plain.matchAll(LOOSE)].some((found) => isShaped(digitsOf(found)))
  );
}

// Digits of every script count, and signs that nobody sees part no number.
function plainText(text) {
  return text
    .normalize("NFKC")
    .replace(/\p{Nd}/gu, decimal)
    .replace(/\p{Cf}/gu, "")
    .replace(/[\p{Pd}\u2212]/gu, "-")
    .replace(/\p{Zs}/gu, " ");
}

// The ten digits of a script follow one another.
function decimal(sign) {
  const point = sign.codePointAt(0);
  let value = 0;
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(point - value - 1))) value += 1;
  return String(value);
}

function digitsOf(found) {
  return found[0].match(/\d+/g);
}

function isShaped(groups) {
  const long = groups.filter((digits) => digits.length > 2);
  const sizes = long.map((digits) => digits.length).join();
  if (SHAPES_ALONE.includes(sizes) && NIK.test(long.join(""))) return true;
  const fits = (shape, start) =>
    shape.every((size, place) => groups[start + place]?.length === size) &&
    NIK.test(groups.slice(start, start + shape.length).join(""));
  return groups.some((_, start) => SHAPES.some((shape) => fits(shape, start)));
}

function isIdentity(groups) {
  const digits = groups.join("");
  const starts = new Set([0]);
  let start = 0;
  for (const group of groups) starts.add((start += group.length));
  const looksLikeOne = (from) =>
    starts.has(from + LONG) && NIK.test(digits.slice(from, from + LONG));
  return groups.some((group) => group.length >= LONG) || [...starts].some(looksLikeOne);
}
