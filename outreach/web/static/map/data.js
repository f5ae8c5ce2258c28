/* What the map knows: shapes, names, counts, villages; loaded in the order they are needed. */
(function () {
  "use strict";
  const PROVINCE = 2;
  const REGENCY = 5;
  const DISTRICT = 8;
  const VILLAGE = 13;
  Outreach.level = { province: PROVINCE, regency: REGENCY, district: DISTRICT, village: VILLAGE };

  Outreach.parent = function (code) {
    return code.length > DISTRICT ? code.slice(0, DISTRICT) : code.slice(0, Math.max(0, code.length - 3));
  };
  Outreach.lies = function (code, area) {
    return area === "" || code === area || code.startsWith(area + ".");
  };
  function add(sum, counts) {
    for (let i = 0; i < 5; i++) sum[i] += counts[i];
  }

  Outreach.Data = L.Evented.extend({
    initialize: function (options) {
      L.setOptions(this, options);
      this.area = options.area || "";
      this.names = Outreach.texts.names;
      this.stats = {};
      this.regions = [];
      this.byCode = new Map();
      this.villages = null;
      this.states = null;
      this.version = 0;
      this._details = new Map();
      this._districts = new Map();
      this._tallies = new Map();
    },
    /* Regions first, because they are the useful map; the villages follow. */
    start: function () {
      if (this.options.plain) return this._startPlain();
      return Promise.all([this._askAreas(), Outreach.ask("stats")])
        .then(this._takeRegions.bind(this))
        .then(function () { return Promise.all([Outreach.ask("places"), Outreach.ask("state")]); })
        .then(this._takeVillages.bind(this));
    },
    /* Land to draw something else upon. */
    _startPlain: function () {
      return Promise.all([this._askAreas(), { regencies: {} }]).then(this._takeRegions.bind(this));
    },
    _askAreas: function () {
      return Outreach.ask("areas").then(function (answer) { return Outreach.readTopology(answer, PROVINCE); });
    },
    _takeRegions: function (answers) {
      const shapes = answers[0];
      this.regions = shapes.regions;
      this.borders = shapes.borders;
      shapes.regions.forEach(function (region) { this.byCode.set(region.code, region); }, this);
      this.stats = answers[1].regencies;
      this.fire("regions");
      this.fire("stats");
    },
    _takeVillages: async function (answers) {
      this.villages = await Outreach.readPlaces(answers[0]);
      this._takeState(answers[1]);
      this.fire("villages");
      Outreach.mark("loaded");
    },
    _takeState: function (answer) {
      const state = Outreach.readState(answer);
      if (state.bytes.length !== this.villages.n) throw new Error("state and places differ");
      this.states = state.bytes;
      this.version = state.version;
      this._tallies.clear();
    },
    reload: function () {
      const self = this;
      return Promise.all([Outreach.ask("stats"), Outreach.ask("state")]).then(function (answers) {
        self.stats = answers[0].regencies;
        self._details.clear();
        self._takeState(answers[1]);
        self.fire("stats");
        self.fire("state", { rows: [] });
      });
    },
    take: function (changes) {
      changes.rows.forEach(function (row) {
        this.states[row[0]] = row[1];
        const known = this.known(this.villages.regencies[this.regencyAt(row[0])]);
        if (known) known.villages[row[0] - known.first][4] = row[2];
      }, this);
      Object.assign(this.stats, changes.regencies);
      this.version = changes.version;
      this._tallies.clear();
      this.fire("stats");
      this.fire("state", { rows: changes.rows.map(function (row) { return row[0]; }) });
    },
    select: function (area) {
      if (area === this.area) return;
      this.area = area;
      this.fire("area");
    },

    /* [not planned, planned, confirmed, reached, sign-ups], or null while not known. */
    counts: function (code) {
      if (code.length >= DISTRICT) return this._districtCounts(code.slice(0, DISTRICT));
      if (code.length === REGENCY) return this.stats[code] || null;
      const sum = [0, 0, 0, 0, 0];
      for (const regency in this.stats) if (Outreach.lies(regency, code)) add(sum, this.stats[regency]);
      return sum;
    },
    _districtCounts: function (code) {
      const known = this.known(code.slice(0, REGENCY));
      if (!known || !this.states) return null;
      if (!this._tallies.has(known.code)) this._tallies.set(known.code, this._tally(known));
      return this._tallies.get(known.code).get(code) || null;
    },
    _tally: function (known) {
      const tally = new Map();
      known.villages.forEach(function (village, i) {
        const district = village[0].slice(0, DISTRICT);
        if (!tally.has(district)) tally.set(district, [0, 0, 0, 0, 0]);
        const counts = tally.get(district);
        counts[this.states[known.first + i] >> 6] += 1;
        counts[4] += village[4];
      }, this);
      return tally;
    },
    /* Whether more lies in the area than the person may see, and so than is counted. */
    isPart: function (area) {
      return !(this.options.own || [""]).some(function (own) { return Outreach.lies(area, own); });
    },
    name: function (code) {
      if (code === "") return Outreach.say("nation");
      if (code.length <= REGENCY) return this.names[code] || code;
      const known = this.known(code.slice(0, REGENCY));
      if (!known) return code;
      if (code.length === DISTRICT) return known.districts[code] || code;
      const village = known.villages.find(function (row) { return row[0] === code; });
      return village ? village[1] : code;
    },
    /* The regions one level below, those furthest behind first; null while not known. */
    children: function (code) {
      let codes;
      if (code.length < REGENCY) {
        const length = code === "" ? PROVINCE : REGENCY;
        codes = Object.keys(this.stats).filter(function (regency) { return Outreach.lies(regency, code); });
        codes = Array.from(new Set(codes.map(function (regency) { return regency.slice(0, length); })));
      } else {
        const known = this.known(code.slice(0, REGENCY));
        if (!known || !this.states) return null;
        codes = Array.from(this._tallies.get(known.code) || this._tally(known), function (pair) { return pair[0]; });
      }
      return codes.map(function (child) {
        return { code: child, name: this.name(child), counts: this.counts(child) };
      }, this).sort(function (a, b) { return share(a) - share(b) || (a.name < b.name ? -1 : 1); });
    },
    villagesOf: function (district) {
      const known = this.known(district.slice(0, REGENCY));
      if (!known || !this.states) return null;
      const rows = [];
      known.villages.forEach(function (village, i) {
        if (Outreach.lies(village[0], district)) rows.push(known.first + i);
      });
      const states = this.states;
      return rows.sort(function (a, b) { return (states[a] >> 6) - (states[b] >> 6) || a - b; });
    },

    regencyAt: function (row) {
      const starts = this.villages.starts;
      let low = 0;
      let high = this.villages.regencies.length;
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (starts[middle] <= row) low = middle;
        else high = middle;
      }
      return low;
    },
    isApproximate: function (row) {
      return ((this.villages.approximate[row >> 3] >> (row & 7)) & 1) === 1;
    },
    known: function (regency) {
      const kept = this._details.get(regency);
      return kept && kept.value ? kept.value : null;
    },
    details: function (regency) {
      if (!this._details.has(regency)) {
        const kept = { value: null, promise: null };
        this._details.set(regency, kept);
        kept.promise = this._askDetails(regency, kept);
      }
      return this._details.get(regency).promise;
    },
    _askDetails: function (regency, kept) {
      const self = this;
      return Outreach.ask("details", { code: regency }).then(function (answer) {
        const number = self.villages.regencies.indexOf(regency);
        answer.first = self.villages.starts[number];
        if (answer.villages.length !== self.villages.starts[number + 1] - answer.first) {
          throw new Error("details and places differ");
        }
        kept.value = answer;
        self.fire("details", { code: regency });
        return answer;
      }).catch(function (reason) {
        self._details.delete(regency); // asked again at the next look
        throw reason;
      });
    },
    village: function (row) {
      const regency = this.villages.regencies[this.regencyAt(row)];
      return this.details(regency).then(function (known) {
        const facts = known.villages[row - known.first];
        return {
          row: row, code: facts[0], name: facts[1], lat: facts[2], lon: facts[3], signUps: facts[4],
          district: known.districts[facts[0].slice(0, DISTRICT)] || "", regency: known.name,
        };
      });
    },
    rowOf: function (code) {
      return this.details(code.slice(0, REGENCY)).then(function (known) {
        const i = known.villages.findIndex(function (facts) { return facts[0] === code; });
        return i < 0 ? null : known.first + i;
      });
    },
    /* Districts of a province once they are here; asks for them the first time. */
    districtsOf: function (province) {
      if (!this._districts.has(province)) {
        this._districts.set(province, null);
        const self = this;
        Outreach.ask("districts", { code: province }).then(function (answer) {
          return Outreach.readTopology(answer, REGENCY);
        }).then(function (shapes) {
          shapes.regions.forEach(function (region) { self.byCode.set(region.code, region); });
          self._districts.set(province, shapes);
          self.fire("districts", { code: province });
        }).catch(function () { self._districts.delete(province); });
      }
      return this._districts.get(province);
    },
    box: function (code) {
      if (this.byCode.has(code)) return this.byCode.get(code).box;
      const box = [1e9, 1e9, -1e9, -1e9];
      const inside = this.regions.filter(function (region) { return Outreach.lies(region.code, code); });
      const own = inside.filter(function (region) { return this.stats[region.code]; }, this);
      (own.length ? own : inside).forEach(function (region) { // a branch is smaller than its province
        box[0] = Math.min(box[0], region.box[0]);
        box[1] = Math.min(box[1], region.box[1]);
        box[2] = Math.max(box[2], region.box[2]);
        box[3] = Math.max(box[3], region.box[3]);
      });
      return box[0] < box[2] ? box : null;
    },
  });
  function share(child) {
    const c = child.counts;
    const all = c ? c[0] + c[1] + c[2] + c[3] : 0;
    return all ? c[3] / all : 0;
  }
})();
