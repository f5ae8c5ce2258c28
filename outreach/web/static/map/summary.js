/* The chosen area in numbers, the way up and the regions below it: the drill by keyboard. */
(function () {
  "use strict";
  const el = Outreach.el;

  Outreach.Summary = L.Control.extend({
    options: { position: "bottomleft" },
    onAdd: function () {
      this.data = this.options.data;
      const box = el("section", "o-box o-summary");
      box.setAttribute("aria-label", Outreach.say("summary"));
      Outreach.shield(box);
      this._path = el("nav", "o-path");
      this._facts = el("div", "o-facts");
      this._facts.setAttribute("aria-live", "polite");
      this._below = el("details", "o-below");
      this._below.appendChild(el("summary", null, Outreach.say("behind_first")));
      this._list = el("ul");
      this._below.appendChild(this._list);
      this._below.addEventListener("toggle", this._fillBelow.bind(this));
      this._note = el("div", "o-note o-alert");
      this._note.setAttribute("role", "status");
      [this._path, this._facts, this._below, this._note].forEach(function (part) { box.appendChild(part); });
      this.data.on("stats area state villages details look", this._fill, this);
      Outreach.notice = this._onNotice.bind(this);
      this._fill();
      return box;
    },
    _onNotice: function (text) {
      this._note.textContent = text || "";
    },
    _fill: function () {
      const area = this.data.area;
      this._fillPath(area);
      const counts = this.data.counts(area);
      this._facts.textContent = "";
      if (!counts) {
        this._facts.appendChild(el("p", "o-sub", Outreach.say("loading")));
        if (area.length >= 8 && this.data.states) this.data.details(area.slice(0, 5)).catch(function () {});
      } else {
        this._lensLines(area);
        if (!this.data.lens.isNow()) return this._fillBelow();
        this._facts.appendChild(el("b", null, Outreach.reachedLine(counts)));
        if (this.data.isPart(area)) this._facts.appendChild(el("div", "o-note", Outreach.say("only_own")));
        this._facts.appendChild(Outreach.bar(counts));
        this._facts.appendChild(el("div", "o-sub", Outreach.say("sign_ups_are", { count: counts[4] })));
        if (!Outreach.narrow() && this.data.lens.isFirst()) this._facts.appendChild(Outreach.stateTable(this.data));
      }
      this._fillBelow();
    },
    /* What the layer or the weeks say of the area, above what stands today. */
    _lensLines: function (area) {
      this.data.lens.lines(area).forEach(function (line) {
        this._facts.appendChild(el("p", "o-told", line));
      }, this);
    },
    _fillPath: function (area) {
      const data = this.data;
      const steps = ["", area.slice(0, 2), area.slice(0, 5), area.slice(0, 8)].filter(function (code, i, all) {
        return all.indexOf(code) === i;
      });
      this._path.textContent = "";
      steps.forEach(function (code, i) {
        if (i) this._path.appendChild(el("span", "o-sep", "›"));
        if (code === area) this._path.appendChild(el("strong", null, data.name(code)));
        else this._path.appendChild(Outreach.button("o-step", data.name(code), function () { data.select(code); }));
      }, this);
    },
    _fillBelow: function () {
      const area = this.data.area;
      const focused = this._list.contains(document.activeElement);
      this._list.textContent = "";
      if (!this._below.open) return;
      if (area.length >= 8) this._villages(area);
      else this._regions(area);
      if (focused && this._list.querySelector("button")) this._list.querySelector("button").focus();
    },
    _regions: function (area) {
      const data = this.data;
      const children = data.children(area);
      if (!children) {
        if (data.states) data.details(area).catch(function () {});
        return;
      }
      if (!data.lens.isFirst() && data.lens.figures) return this._ranked(children);
      this._asOfWeek(children).forEach(function (child) {
        const line = Outreach.button("o-row", null, function () { data.select(child.code); });
        line.appendChild(el("span", "o-name", child.name));
        const all = child.counts[0] + child.counts[1] + child.counts[2] + child.counts[3];
        line.appendChild(el("span", "o-figure", Outreach.percent(child.counts[3], all)));
        line.appendChild(el("span", "o-figure o-sub", Outreach.number(child.counts[3]) + "/" + Outreach.number(all)));
        line.appendChild(Outreach.bar(child.counts));
        this._list.appendChild(el("li")).appendChild(line);
      }, this);
    },
    /* As the regions stood at the end of the week that shows. */
    _asOfWeek: function (children) {
      const lens = this.data.lens;
      if (lens.week === null) return children;
      const then = children.map(function (child) {
        return { code: child.code, name: child.name, counts: lens.counts(child.code, lens.week) };
      }).filter(function (child) { return child.counts; });
      const share = function (child) { return child.counts[3] / (child.counts[0] + child.counts[3]); };
      return then.sort(function (a, b) { return share(a) - share(b) || (a.name < b.name ? -1 : 1); });
    },
    /* The regions by the layer's figure. */
    _ranked: function (children) {
      const data = this.data;
      data.lens.ranked(children).forEach(function (child) {
        const line = Outreach.button("o-row o-plain", null, function () { data.select(child.code); });
        line.appendChild(el("span", "o-name", child.name));
        line.appendChild(el("span", "o-figure", data.lens.told(child.value)));
        this._list.appendChild(el("li")).appendChild(line);
      }, this);
    },
    _villages: function (district) {
      const data = this.data;
      const rows = data.villagesOf(district);
      if (!rows) return;
      const known = data.known(district.slice(0, 5));
      rows.forEach(function (row) {
        const line = Outreach.button("o-row", null, function () {
          const facts = known.villages[row - known.first];
          this.options.view.showPlace(facts[2], facts[3], 13);
          Outreach.openVillage(row);
        }.bind(this));
        line.appendChild(Outreach.symbol(data.states[row] >> 6, data.isApproximate(row)));
        line.appendChild(el("span", "o-name", known.villages[row - known.first][1]));
        line.appendChild(el("span", "o-figure o-sub", Outreach.say(Outreach.states[data.states[row] >> 6].word)));
        this._list.appendChild(el("li")).appendChild(line);
      }, this);
    },
  });
  Outreach.notice = function () {};
})();
