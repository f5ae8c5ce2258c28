// Keeps identity numbers (NIK, family card) out; the same rule as people/identity.py.

// Digits in groups with one and the same sign between them, as people write long numbers.
const GROUPS = /\p{Nd}+(?:([ .\-/])\p{Nd}+(?:\1\p{Nd}+)*)?/gu;
// Region of six digits, day (plus 40 for women), month, year, four digits of a series.
const NIK = /^[1-9]\p{Nd}{5}(?:[04][1-9]|[1256]\p{Nd}|[37][01])(?:0[1-9]|1[0-2])\p{Nd}{6}$/u;
const LONG = 16;

export function holdsIdentityNumber(text) {
  const plain = text.normalize("NFKC");
  return [...plain.matchAll(GROUPS)].some((found) => isIdentity(found[0].match(/\p{Nd}+/gu)));
}

function isIdentity(found) {
  const groups = found.map((digits) => [...digits]);
  const digits = groups.flat();
  const starts = new Set([0]);
  let start = 0;
  for (const group of groups) starts.add((start += group.length));
  const looksLikeOne = (from) =>
    starts.has(from + LONG) && NIK.test(digits.slice(from, from + LONG).join(""));
  return groups.some((group) => group.length >= LONG) || [...starts].some(looksLikeOne);
}
