// Writings full of digits that are no identity number; the same as people/honest_digits.py.

const DAY = "(?:0?[1-9]|[12]\\d|3[01])";
const MONTH = "(?:0?[1-9]|1[0-2])";
const BETWEEN = "[^\\p{L}\\p{N}]+";

// A mobile number, no NIK begins with 08 or 628; in a numbered list of them every one ends a line.
const MOBILE = "(?:0|62[ .\\-]?)8\\d\\d(?:[ .\\-]?\\d){6,9}?";
const PHONE = `(?:${MOBILE}|\\d{1,2}[.)] {0,2}${MOBILE}(?= *(?:[\\r\\n]|$)))`;
const TIME = "(?:[01]\\d|2[0-3])[.:][0-5]\\d";
// A day with all four digits of its year, in a row too, or that year alone, and the time behind;
// or a short one with its time, whose quarters of an hour are no month.
const DATE =
  `(?:${DAY}(?<by>[\\/.\\-])${MONTH}\\k<by>20\\d\\d(?!\\k<by>\\d)` +
  `|20\\d\\d(?<iso>[\\/.\\-])${MONTH}\\k<iso>${DAY}(?!\\k<iso>\\d)` +
  `|20[23]\\d(?:(?:0[1-9]|1[0-2])[0-3]\\d)?)(?:,? (?<time>${TIME}))?` +
  `|${DAY}(?<short>[\\/.\\-])${MONTH}\\k<short>[23]\\d,? ` +
  "(?<quarter>(?:[01]\\d|2[0-3])[.:](?:00|15|30|45))";
// Of a ward or a village. Six digits behind it, or two and four, make it a NIK all the same.
const VILLAGE =
  "\\d\\d\\.\\d\\d\\.\\d\\d\\.[12]0\\d\\d(?!\\.\\d)" +
  `(?!${BETWEEN}(?:\\d{6}|\\d\\d${BETWEEN}\\d{4})(?!\\d))`;
// Codes of regencies or districts of one province, and nothing behind them.
const AREAS =
  "(?<province>\\d\\d)(?:\\.\\d\\d){1,2}(?:[,;\\/ \\r\\n\\t]{1,3}\\k<province>(?:\\.\\d\\d){1,2})+" +
  `(?!\\d|\\.\\d|${BETWEEN}\\d)`;
// A place within Indonesia, in either order.
const south = (sign) => `\\d{1,2}${sign}\\d{3,8}`;
const east = (sign) => `(?:9[5-9]|1[0-4]\\d)${sign}\\d{3,8}`;
const PLACE =
  `(?:${south("(?<a>[.,])")}[,; ]+${east("\\k<a>")}` +
  `|${east("(?<b>[.,])")}[,; ]+-?${south("\\k<b>")})`;
const NEXT = new RegExp(`(?:${PHONE}|${DATE}|${VILLAGE}|${AREAS}|${PLACE})(?:${BETWEEN}|$)`, "uy");
// Sixteen digits of whole groups.
const LIKE_A_NIK = /(?:\d[^\p{L}\p{N}]*){15}\d(?!\d)/uy;
// So many digits a list has that cannot be a NIK and a number or two beside it.
const LONG_LIST = 24;

/**
 * Digits and signs without what they begin with, as long as that is surely honest. What would be a
 * time may be the first four digits of a NIK: then it stays, unless something honest follows.
 */
export function withoutHonestDigits(chain, isNik) {
  NEXT.lastIndex = 0;
  let start = 0;
  let found = NEXT.exec(chain);
  while (found) {
    start = NEXT.lastIndex;
    const behind = NEXT.exec(chain);
    const time = found.groups.time ?? found.groups.quarter;
    const place = found.index + found[0].lastIndexOf(time);
    if (time && !behind && isNik(sixteenAt(chain, place))) return chain.slice(place);
    found = behind;
  }
  return chain.slice(start);
}

function sixteenAt(chain, place) {
  LIKE_A_NIK.lastIndex = place;
  return (LIKE_A_NIK.exec(chain)?.[0] ?? "").replace(/\D/g, "");
}

/** Whether groups are a long list of counts, of three digits at most: "12, 15, 8, 22, …". */
export function areCounts(groups) {
  return (
    groups.join("").length >= LONG_LIST &&
    groups.some((one) => one.length > 1) &&
    groups.every((one) => one.length <= 3 && (one === "0" || one[0] !== "0"))
  );
}
