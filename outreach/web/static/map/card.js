/* What is said about a village or an area, as elements made of text. */
(function () {
  "use strict";
  const el = Outreach.el;

  Outreach.bar = function (counts) {
    const all = counts[0] + counts[1] + counts[2] + counts[3];
    const bar = el("div", "o-bar");
    bar.setAttribute("aria-hidden", "true");
    [3, 2, 1].forEach(function (state) {
      const part = el("i");
      part.style.width = (all ? (100 * counts[state]) / all : 0) + "%";
      part.style.background = Outreach.states[state].colour;
      bar.appendChild(part);
    });
    return bar;
  };
  Outreach.stateLine = function (state, hollow) {
    const line = el("div", "o-line");
    line.appendChild(Outreach.symbol(state, hollow));
    line.appendChild(el("span", null, Outreach.say(Outreach.states[state].word)));
    return line;
  };
  Outreach.reachedLine = function (counts) {
    const all = counts[0] + counts[1] + counts[2] + counts[3];
    return Outreach.say("reached_of", {
      reached: counts[3], villages: all, share: Outreach.percent(counts[3], all),
    });
  };
  /* Villages of the chosen area by state: the symbols explained, and counts that add up. */
  Outreach.stateTable = function (data) {
    const table = el("table", "o-states");
    const counts = data.counts(data.area);
    if (!counts) return table;
    table.createCaption().textContent = Outreach.say("villages_in", { area: data.name(data.area) });
    [3, 2, 1, 0].forEach(function (state) {
      fillRow(table, Outreach.symbol(state), Outreach.say(Outreach.states[state].word), counts[state]);
    });
    const all = counts[0] + counts[1] + counts[2] + counts[3];
    fillRow(table, null, Outreach.say("all_villages"), all).className = "o-sum";
    return table;
  };
  function fillRow(table, symbol, word, count) {
    const row = table.insertRow();
    const first = row.insertCell();
    if (symbol) first.appendChild(symbol);
    row.insertCell().textContent = word;
    row.insertCell().textContent = Outreach.number(count);
    return row;
  }
  /* What the chosen layer or week says of it. */
  function addLines(card, lines) {
    lines.filter(Boolean).forEach(function (line) { card.appendChild(el("div", "o-told", line)); });
  }
  function addLater(card, coming) {
    const line = card.appendChild(el("div", "o-told", "…"));
    coming.then(function (text) { line.textContent = text; }).catch(function () { line.remove(); });
  }
  Outreach.areaCard = function (data, code) {
    const card = el("div", "o-card");
    card.appendChild(el("b", null, data.name(code)));
    card.appendChild(el("div", "o-sub", data.name(Outreach.parent(code))));
    const counts = data.counts(code);
    if (!counts) {
      card.appendChild(el("div", "o-sub", Outreach.say("outside")));
      return card;
    }
    card.appendChild(Outreach.bar(counts));
    card.appendChild(el("div", null, Outreach.reachedLine(counts)));
    card.appendChild(el("div", null, Outreach.say("sign_ups_are", { count: counts[4] })));
    addLines(card, data.lens ? data.lens.lines(code) : []);
    return card;
  };
  Outreach.villageCard = function (data, village, withLink) {
    const card = el("div", "o-card");
    card.appendChild(el("b", null, village.name));
    card.appendChild(el("div", "o-sub", village.district + ", " + village.regency));
    const state = data.states[village.row] >> 6;
    const rough = data.isApproximate(village.row);
    card.appendChild(Outreach.stateLine(state, rough));
    if (state === 3) card.appendChild(el("div", null, Outreach.say("sign_ups_are", { count: village.signUps })));
    if (data.lens && !data.lens.isFirst()) addLater(card, data.lens.villageLine(village.row));
    if (rough) card.appendChild(el("div", "o-note", Outreach.say("approximate_place")));
    if (withLink) {
      card.appendChild(el("div", "o-sub o-code", village.code));
      card.appendChild(villageLink(data, village.code));
    }
    return card;
  };
  /* Leads to the list of the villages that stand hollow on the map. */
  Outreach.approximateLink = function (data) {
    return Outreach.button("o-step", Outreach.say("list_them"), function () {
      Outreach.tell({ open: "approximate", area: data.area });
    });
  };
  /* The page around the frame follows the link: in here it would open without a login. */
  function villageLink(data, code) {
    const link = el("a", "o-link", Outreach.say("open_village"));
    link.href = data.options.village.replace("{code}", encodeURIComponent(code));
    link.target = "_top";
    function open(event) {
      event.preventDefault();
      Outreach.tell({ open: code });
    }
    link.addEventListener("click", open);
    link.addEventListener("auxclick", open);
    return link;
  }
})();
