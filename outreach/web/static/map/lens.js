/* What the map is looked at through: one of the layers, now or as it stood at the end of a week.
 *
 * A region has sums (what the server adds up), a figure (what a layer makes of them) and a kind:
 * 0 to 6 between the layer's breaks, NO_DATA or NEVER. Weeks count from 1; null is now.
 */
(function () {
  "use strict";
  const FIRST = "reached";
  const NO_DATA = 7;
  const NEVER = 8;
  const REFRESH = 15000; // after a change, at the most so often
  const DAY = 86400000;
  const UNKNOWN = "#fbfaf6";
  /* Dark is more: of what is wished for, cream to navy; of what is to be done, sand to wine. */
  Outreach.ramps = {
    more: Outreach.ramp,
    worse: ["#fbf3df", "#f7dcb0", "#efb97f", "#dd8f5a", "#bd6440", "#8f3d33", "#571b28"],
  };
  Outreach.kinds = { noData: NO_DATA, never: NEVER };
  function share(part, of) { return of ? part / of : null; }
  const LAYERS = {
    reached: { ramp: "more", form: "percent" },
    signups: { ramp: "more", form: "decimal", part: "signups", of: "informal", figure: function (s) { return s.informal ? (1000 * s.signups) / s.informal : null; } },
    gap: { ramp: "worse", form: "number", part: "signups", of: "informal", figure: function (s) { return s.informal ? Math.max(0, s.informal - s.covered - s.signups) : null; } },
    paid: { ramp: "more", form: "percent", part: "paid", of: "told", figure: function (s) { return share(s.paid, s.told); } },
    confirmed: { ramp: "more", form: "percent", part: "confirmed", of: "coming", figure: function (s) { return share(s.confirmed, s.coming); } },
    silence: { ramp: "worse", form: "number", part: "visited", of: "villages", figure: function (s, today) { return s.last_day ? today - s.last_day : null; } },
  };
  /* Leaflet takes two quick taps on a box for a double tap on the map, which would zoom. */
  Outreach.shield = function (box) {
    L.DomEvent.disableClickPropagation(box);
    L.DomEvent.disableScrollPropagation(box);
    box.addEventListener("click", function (event) { event.stopPropagation(); });
    box.addEventListener("mousemove", function (event) { event.stopPropagation(); });
    box.addEventListener("mouseenter", function () { Outreach.map.fire("mouseout"); }); // no tips behind
  };
  Outreach.layerNames = Object.keys(LAYERS);

  Outreach.Lens = L.Class.extend({
    initialize: function (options) {
      L.setOptions(this, options);
      this.data = options.data;
      this.data.lens = this;
      this.layer = FIRST;
      this.week = null;
      this.beside = null; // while two weeks lie side by side: { week }, that of the right side
      this.at = 0.5;
      this._details = new Map();
      this._regencyWeeks = null;
      this._districtWeeks = new Map();
    },
    addTo: function () {
      window.addEventListener("message", function (event) {
        if (event.source === window.parent && event.data && event.data.look) this._go(event.data.look);
      }.bind(this));
      Outreach.tell({ look: true }); // the page says what stands in its address
      this.data.on("state", this._onState, this);
      this.data.on("details", this._onDetails, this);
      this.data.on("villages", function () { if (!this.isFirst() || !this.isNow()) this._changed(); }, this);
      return this;
    },
    isFirst: function () { return this.layer === FIRST; },
    ramp: function () { return Outreach.ramps[LAYERS[this.layer].ramp]; },

    /* What the address asks for; what it does not name is as at first. */
    _go: function (view) {
      const layer = Object.hasOwn(LAYERS, view.layer || "") ? view.layer : FIRST;
      const self = this;
      if (view.week) {
        this.openWeeks().then(function () {
          self.lookAt(self._weekOf(view.week), view.beside ? { week: self._weekOf(view.beside) } : null);
        }).catch(function () {});
      } else if (layer !== this.layer || this.week !== null || this.beside) {
        this.choose(layer);
      }
    },
    _tell: function () {
      const week = this.week === null && this.beside ? this.weeks.count : this.week;
      Outreach.tell({
        look: {
          layer: this.layer === FIRST ? "" : this.layer,
          week: week === null ? "" : this.dayOf(week),
          beside: this.beside ? this.dayOf(this.beside.week === null ? this.weeks.count : this.beside.week) : "",
        },
      });
    },
    _changed: function () {
      this.data.fire("look");
      Outreach.mark("look");
      document.documentElement.dataset.layer = this.layer;
    },

    /* Layers. The first needs nothing more; of another first come the sums, then the villages. */
    choose: function (layer) {
      this.week = this.beside = null;
      this.layer = layer;
      this.classes = null;
      this._tell();
      this._changed();
      if (layer === FIRST) return Promise.resolve();
      return this._load(layer, this._stale).catch(function () { Outreach.notice(Outreach.say("no_answer")); });
    },
    _load: function (layer, afresh) {
      const self = this;
      const isKnown = this.figures && !afresh;
      this._stale = false;
      const known = isKnown ? Promise.resolve(this.figures) : Outreach.ask("layers");
      return known.then(function (answer) {
        if (!isKnown) self._details.clear();
        self.figures = answer;
        self._changed();
        return Outreach.ask("layer_villages", { layer: layer });
      }).then(function (answer) {
        if (self.layer !== layer) return;
        self.classes = Outreach.readClasses(answer);
        self._changed();
      });
    },
    /* A session was logged: the sums are old. The villages' weeks follow from their states. */
    _onState: function (event) {
      if (this.weeks && event.rows.length) this._countNew(event.rows);
      else if (this.weeks) this._readWeeks().then(this._changed.bind(this)).catch(function () {}); // all anew
      this._stale = true;
      if (this.layer === FIRST || this._timer) return;
      this._timer = setTimeout(this._refresh.bind(this), REFRESH);
    },
    _refresh: function () {
      this._timer = 0;
      if (!this._stale || this.layer === FIRST) return;
      this._load(this.layer, true).catch(function () {});
    },

    /* The sums of a region by column, or null while they are not known. */
    sums: function (code) {
      if (!this.figures) return null;
      if (code.length > Outreach.level.regency) return this._inside(code);
      const rows = this.figures.regencies;
      const all = code.length === Outreach.level.regency ? [code] : Object.keys(rows);
      return this._add(all.filter(function (c) { return rows[c] && Outreach.lies(c, code); }).map(function (c) { return rows[c]; }));
    },
    _add: function (rows) {
      if (!rows.length) return null;
      const sums = {};
      this.figures.columns.forEach(function (name, i) {
        const values = rows.map(function (row) { return row[i]; });
        sums[name] = name === "last_day" ? Math.max.apply(null, values) : values.reduce(function (a, b) { return a + b; }, 0);
      });
      return sums;
    },
    _isCounted: function (code) { return Boolean(this.figures.regencies[code.slice(0, Outreach.level.regency)]); },
    _inside: function (code) {
      if (!this._isCounted(code)) return null; // it lies beside the own area: the answer would be no
      const kept = this._kept("layer_districts", code.slice(0, Outreach.level.province));
      if (!kept.rows && !kept.told) {
        kept.told = true;
        kept.promise.then(this._changed.bind(this)).catch(function () {});
      }
      const own = kept.rows && kept.rows[code.slice(0, Outreach.level.district)];
      return own ? this._add([own]) : null;
    },
    /* What the layer says of a village; its regency's figures are asked for when first wanted. */
    villageLine: function (row) {
      const self = this;
      const number = this.data.regencyAt(row);
      const known = this._kept("layer_details", this.data.villages.regencies[number]);
      return known.promise.then(function (rows) {
        const own = rows[row - self.data.villages.starts[number]];
        return own ? self.line(self._add([own])) : "";
      });
    },
    _kept: function (what, code) {
      const details = this._details;
      if (details.has(code)) return details.get(code);
      const kept = { rows: null, promise: null };
      details.set(code, kept);
      kept.promise = Outreach.ask(what, { code: code }).then(function (answer) {
        kept.rows = answer.rows;
        return kept.rows;
      });
      kept.promise.catch(function () { details.delete(code); }); // asked again at the next look
      return kept;
    },
    figureOf: function (sums) { return LAYERS[this.layer].figure(sums, this.figures.today); },
    /* 0 to 8, or -1 outside the area that is counted. */
    kindOf: function (code) {
      const sums = this.sums(code);
      if (!sums) return -1;
      const value = this.figureOf(sums);
      if (value === null) return this.layer === "silence" ? NEVER : NO_DATA;
      const step = this.breaks(code.length).findIndex(function (limit) { return value < limit; });
      return step < 0 ? 6 : step;
    },
    breaks: function (length) {
      return this.isFirst() ? Outreach.breaks : this.figures.breaks[this.layer][length];
    },
    /* The look of a region in a layer or a week: a colour, or the name of a pattern. */
    shade: function (code, week) {
      const regency = code.slice(0, Outreach.level.regency);
      if (this.isFirst()) return Outreach.shade(this.counts(code, week) || this.counts(regency, week));
      if (!this.figures) return Outreach.outside;
      let kind = this.kindOf(code);
      if (kind < 0 && code !== regency) {
        if (this.layer === "gap" && this._isCounted(code)) return UNKNOWN; // a regency's number says nothing of a district's
        kind = this.kindOf(regency);
      }
      return kind < 0 ? Outreach.outside : this.look(kind);
    },
    look: function (kind) {
      if (kind === NO_DATA) return "hatch";
      return kind === NEVER ? "dots" : this.ramp()[kind];
    },
    format: function (value) {
      const form = LAYERS[this.layer].form;
      if (form === "percent") return Outreach.percent(value, 1);
      return Outreach.number(form === "decimal" ? Math.round(value * 10) / 10 : value);
    },
    /* The layer's figure with what it is made from, in one line; empty in the first layer. */
    line: function (sums) {
      if (this.isFirst() || !this.figures || !sums) return "";
      const value = this.figureOf(sums);
      const layer = LAYERS[this.layer];
      const facts = { part: sums[layer.part], of: sums[layer.of] };
      if (value === null) return Outreach.say(this.layer === "silence" ? "never_visited" : "no_data_" + this.layer, facts);
      return Outreach.say("line_" + this.layer, Object.assign(facts, { figure: this.format(value) }));
    },

    /* What a card says of a region beyond what stands today. */
    lines: function (code) {
      if (this.isNow()) return [this.line(this.isFirst() ? null : this.sums(code))].filter(Boolean);
      const weeks = this.beside ? [this.week, this.beside.week] : [this.week];
      return weeks.map(function (week) {
        const counts = this.counts(code, week);
        return this.weekName(week) + ": " + (counts ? Outreach.reachedLine(counts) : "–");
      }, this);
    },
    /* Regions with what they are compared by, those that ask for most first. */
    ranked: function (children) {
      const sign = LAYERS[this.layer].ramp === "more" ? 1 : -1;
      return children.map(function (child) {
        const sums = this.sums(child.code);
        const value = sums ? this.figureOf(sums) : null;
        const never = this.layer === "silence" ? Infinity : null; // never is longer than any silence
        return { code: child.code, name: child.name, value: value === null ? never : value };
      }, this).sort(function (a, b) {
        if (a.value === null || b.value === null) return (a.value === null) - (b.value === null);
        return sign * (a.value === b.value ? 0 : a.value < b.value ? -1 : 1) || (a.name < b.name ? -1 : 1);
      });
    },
    told: function (value) {
      if (value === null) return "–";
      return value === Infinity ? Outreach.say("never") : this.format(value);
    },

    /* Weeks. */
    openWeeks: function () {
      if (this.layer !== FIRST) this.choose(FIRST);
      return this.weeks ? Promise.resolve() : this._readWeeks();
    },
    _readWeeks: function () {
      const self = this;
      return Outreach.ask("weeks").then(function (answer) {
        const read = Outreach.readWeeks(answer);
        if (self.data.villages && read.rows.length !== self.data.villages.n) throw new Error("weeks and places differ");
        self.weeks = read;
        self._forget();
      });
    },
    lookAt: function (week, beside) {
      const last = this.weeks.count;
      this.week = week === null || week >= last ? null : Math.max(0, week);
      this.beside = beside ? { week: beside.week === null || beside.week >= last ? null : Math.max(0, beside.week) } : null;
      this._tell();
      this._changed();
    },
    closeWeeks: function () {
      this.week = this.beside = null;
      this._tell();
      this._changed();
    },
    isNow: function () { return this.week === null && !this.beside; },
    /* The Sunday that ends a week, of today's week today. */
    endOf: function (week) {
      const end = new Date((this.weeks.start + 7 * week - 1) * DAY);
      return week >= this.weeks.count ? new Date(Math.min(end, Date.now())) : end;
    },
    dayOf: function (week) {
      return new Date((this.weeks.start + 7 * (week - 1)) * DAY).toISOString().slice(0, 10);
    },
    _weekOf: function (day) {
      return Math.floor((Date.parse(day) / DAY - this.weeks.start) / 7) + 1;
    },
    weekName: function (week) {
      if (week === null) return Outreach.say("today");
      return Outreach.say("until_day", { day: Outreach.day(this.endOf(week)) });
    },
    _forget: function () {
      this._regencyWeeks = null;
      this._districtWeeks.clear();
    },
    _onDetails: function (event) { this._districtWeeks.delete(event.code); },
    _countNew: function (rows) {
      const weeks = this.weeks;
      rows.forEach(function (row) {
        if (this.data.states[row] >> 6 === 3 && !weeks.rows[row]) weeks.rows[row] = weeks.count;
      }, this);
      this._forget();
    },
    reachedBy: function (row, week) {
      const own = this.weeks.rows[row];
      return own > 0 && own <= week;
    },
    /* As `data.counts`, of a past week only reached and not: what was planned then is not known. */
    counts: function (code, week) {
      if (week === null || week === undefined) return this.data.counts(code);
      const inside = code.length >= Outreach.level.district ? this._districtsByWeek(code) : this._regenciesByWeek();
      if (!inside) return null;
      const sum = [0, 0, 0, 0, 0];
      inside.forEach(function (tally, region) {
        if (!Outreach.lies(region, code)) return;
        sum[3] += tally.by[Math.min(week, tally.by.length - 1)];
        sum[0] += tally.all;
      });
      sum[0] -= sum[3];
      return sum[0] + sum[3] ? sum : null;
    },
    _regenciesByWeek: function () {
      const v = this.data.villages;
      if (!v) return null;
      if (!this._regencyWeeks) {
        this._regencyWeeks = this._tally(v.n, 0, function (row) { return v.regencies[this.data.regencyAt(row)]; });
      }
      return this._regencyWeeks;
    },
    _districtsByWeek: function (code) {
      const regency = code.slice(0, Outreach.level.regency);
      const known = this.data.known(regency);
      if (!known) return null;
      if (!this._districtWeeks.has(regency)) {
        this._districtWeeks.set(regency, this._tally(known.villages.length, known.first, function (row) {
          return known.villages[row - known.first][0].slice(0, Outreach.level.district);
        }));
      }
      return this._districtWeeks.get(regency);
    },
    /* Villages reached by the end of every week, by region. */
    _tally: function (count, first, regionOf) {
      const tallies = new Map();
      for (let row = first; row < first + count; row++) {
        const region = regionOf.call(this, row);
        if (!tallies.has(region)) tallies.set(region, { all: 0, by: new Uint32Array(this.weeks.count + 1) });
        const tally = tallies.get(region);
        tally.all += 1;
        if (this.weeks.rows[row]) tally.by[this.weeks.rows[row]] += 1;
      }
      tallies.forEach(function (tally) {
        for (let week = 1; week < tally.by.length; week++) tally.by[week] += tally.by[week - 1];
      });
      return tallies;
    },
  });
})();
