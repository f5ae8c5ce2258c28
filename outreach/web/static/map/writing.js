/* Words, numbers and days as the person's language writes them.
 *
 * `Intl` writes them too, and the same. But its first number takes a new process 10 ms, on a phone
 * 50, and every frame begins in one: so the little that a map needs of it stands here.
 */
(function () {
  "use strict";
  const SIGNS = {
    id: {
      group: ".", decimal: ",", powers: ["", "\u00a0rb", "\u00a0jt", "\u00a0M", "\u00a0T"],
      months: "Jan Feb Mar Apr Mei Jun Jul Agu Sep Okt Nov Des".split(" "),
    },
    en: {
      group: ",", decimal: ".", powers: ["", "K", "M", "B", "T"],
      months: "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec".split(" "),
    },
  };
  let words = {};
  let signs = SIGNS.id;

  Outreach.speak = function (given, language) {
    words = given;
    signs = SIGNS[language] || SIGNS.id;
  };
  Outreach.say = function (key, facts) {
    return words[key].replace(/\{(\w+)\}/g, function (_, name) {
      const fact = facts[name];
      return typeof fact === "number" ? Outreach.number(fact) : fact;
    });
  };
  /* With as many decimals as it has, but no more than so many. */
  function write(value, most) {
    const parts = String(Number(Math.abs(value).toFixed(most))).split(".");
    const whole = parts[0].replace(/\B(?=(\d{3})+$)/g, signs.group);
    return (value < 0 ? "-" : "") + whole + (parts[1] ? signs.decimal + parts[1] : "");
  }
  Outreach.number = function (value) { return write(value, 3); };
  Outreach.percent = function (part, all) { return all ? write((100 * part) / all, 1) + "%" : "–"; };
  /* 12 thousand, 3 million: the largest power that leaves at least one whole. */
  Outreach.short = function (value) {
    let power = 0;
    while (power < 4 && Math.round(Math.abs(value) / Math.pow(1000, power)) >= 1000) power += 1;
    return write(value / Math.pow(1000, power), 0) + signs.powers[power];
  };
  Outreach.day = function (date) {
    return [date.getUTCDate(), signs.months[date.getUTCMonth()], date.getUTCFullYear()].join(" ");
  };
})();
