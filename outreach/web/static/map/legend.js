/* What colours, symbols and sizes mean: breaks, unit, denominator, source and date of the layer. */
(function () {
  "use strict";
  const el = Outreach.el;
  const DISTRICTS_FROM = 9;
  const VILLAGES_FROM = 8;
  const EVENTS = "stats area state villages details look";

  Outreach.Legend = L.Control.extend({
    options: { position: "bottomright" },
    onAdd: function (map) {
      this.data = this.options.data;
      const box = el("details", "o-box o-legend");
      box.open = !Outreach.narrow();
      box.appendChild(el("summary", null, Outreach.say("legend")));
      this._body = el("div");
      box.appendChild(this._body);
      Outreach.shield(box);
      map.on("zoomend", this._fill, this);
      this.data.on(EVENTS, this._fill, this);
      this._fill();
      return box;
    },
    onRemove: function (map) {
      map.off("zoomend", this._fill, this);
      this.data.off(EVENTS, this._fill, this);
    },
    _fill: function () {
      const map = this._map || Outreach.map;
      const zoom = map ? map.getZoom() : 5;
      const lens = this.data.lens;
      this._body.textContent = "";
      this._layer(lens, zoom);
      if (Outreach.narrow() && lens.isFirst() && lens.isNow()) this._body.appendChild(Outreach.stateTable(this.data));
      if (zoom >= VILLAGES_FROM) this._villages(lens);
      const rings = map && map.hasLayer(this.options.bubbles) && this.options.bubbles.counts();
      if (rings && zoom < Outreach.bubblesUntil) this._sizes(zoom);
      const notes = this._body.appendChild(el("div", "o-notes"));
      notes.appendChild(el("p", "o-note", this._source(lens)));
      notes.appendChild(el("p", "o-note", this._borders()));
    },
    _layer: function (lens, zoom) {
      const part = this._body.appendChild(el("div", "o-part"));
      part.appendChild(el("h2", null, Outreach.say("layer_" + lens.layer)));
      if (!lens.isFirst() && !lens.figures) {
        part.appendChild(el("p", "o-note", Outreach.say("loading")));
        return;
      }
      part.appendChild(ramp(lens.ramp()));
      const length = zoom >= DISTRICTS_FROM ? Outreach.level.district : Outreach.level.regency;
      this._ticks(part, lens, length);
      if (lens.layer === "gap" && zoom >= VILLAGES_FROM) this._ticks(part, lens, Outreach.level.village);
      this._beyond(part, lens);
    },
    /* The limits between the colours, and what they count. */
    _ticks: function (part, lens, length) {
      const inThousands = lens.layer === "gap" && length < Outreach.level.village;
      const isShare = lens.isFirst() || lens.layer === "paid" || lens.layer === "confirmed";
      const limits = [0].concat(lens.breaks(length)).concat(isShare ? [1] : []);
      const ticks = part.appendChild(el("div", "o-ticks"));
      limits.forEach(function (limit, i) {
        const shown = isShare ? Math.round(limit * 100) : inThousands ? limit / 1000 : limit;
        const tick = ticks.appendChild(el("span", null, Outreach.number(shown)));
        tick.style.left = (100 * i) / 7 + "%";
      });
      const level = { 5: "per_regency", 8: "per_district", 13: "per_village" }[length];
      const unit = lens.layer === "gap" ? (inThousands ? "unit_gap_thousands" : "unit_gap") : "unit_" + lens.layer;
      if (lens.layer === "signups") return; // its title says it
      part.appendChild(el("p", "o-note", Outreach.say(unit, { level: Outreach.say(level) })));
    },
    _beyond: function (part, lens) {
      if (lens.isFirst()) return;
      const isSilence = lens.layer === "silence";
      const line = part.appendChild(el("div", "o-line o-note"));
      line.appendChild(Outreach.swatch(isSilence ? "dots" : "hatch"));
      line.appendChild(el("span", null, Outreach.say(isSilence ? "never" : "no_data_" + lens.layer)));
    },
    _villages: function (lens) {
      const part = this._body.appendChild(el("div", "o-part"));
      if (!lens.isNow()) {
        part.appendChild(sample(3, Outreach.say("reached_by_then")));
        part.appendChild(sample(0, Outreach.say("not_by_then")));
      } else if (lens.isFirst()) {
        const line = part.appendChild(el("div", "o-line o-note"));
        line.appendChild(Outreach.symbol(0, true));
        const told = line.appendChild(el("span", null, Outreach.say("hollow_means") + " "));
        told.appendChild(Outreach.approximateLink(this.data));
      } else {
        Outreach.states.forEach(function (state, i) { part.appendChild(sample(i, Outreach.say(state.word))); });
        part.appendChild(el("div", "o-note", Outreach.say("shape_means")));
      }
      part.appendChild(el("div", "o-note", Outreach.say("size_means")));
    },
    _sizes: function (zoom) {
      const length = Outreach.bubbleLength(zoom);
      const most = this.options.bubbles.most(length);
      const title = length === 2 ? "sign_ups_by_province" : "sign_ups_by_regency";
      const part = this._body.appendChild(el("div", "o-part"));
      part.appendChild(el("h2", null, Outreach.say(title)));
      const picture = rings(niceSteps(most), most, zoom);
      picture.setAttribute("aria-label", Outreach.say(title));
      part.appendChild(picture);
    },
    _source: function (lens) {
      if (!lens.isNow()) return Outreach.say("note_weeks");
      if (lens.isFirst()) return Outreach.say("note_reached", { day: Outreach.day(new Date()) });
      return lens.figures ? lens.figures.notes[lens.layer] : "";
    },
    _borders: function () {
      const known = this.data.options.borders;
      const source = known && known.source;
      return source ? Outreach.say("borders_from", { source: source }) : Outreach.say("approximate_borders");
    },
  });
  function ramp(colours) {
    const box = el("div", "o-ramp");
    colours.forEach(function (colour) { box.appendChild(el("i")).style.background = colour; });
    return box;
  }
  function sample(state, text) {
    const line = el("div", "o-line");
    line.appendChild(Outreach.symbol(state));
    line.appendChild(el("span", null, text));
    return line;
  }
  /* Three round numbers up to the largest. */
  function niceSteps(most) {
    const power = Math.pow(10, Math.floor(Math.log10(most)));
    const top = most >= 5 * power ? 5 * power : most >= 2 * power ? 2 * power : power;
    return [top, top / 4, top / 20].map(Math.round).filter(function (v, i, all) { return v > 0 && all.indexOf(v) === i; });
  }
  function rings(values, most, zoom) {
    const radii = values.map(function (value) { return Outreach.bubbleRadius(value, most, zoom); });
    const widest = Math.max(...radii);
    const height = Math.max(2 * widest + 6, values.length * 16 + 4);
    const picture = Outreach.svg("svg", { width: 190, height: height, role: "img" });
    values.forEach(function (value, i) {
      const y = height - 3 - 2 * radii[i];
      const textY = 12 + i * 16;
      picture.appendChild(Outreach.svg("line", { x1: widest + 3, y1: y, x2: 2 * widest + 22, y2: textY - 4, stroke: "#9aa7b3", "stroke-width": 0.8 }));
      picture.appendChild(Outreach.svg("circle", { cx: widest + 3, cy: y + radii[i], r: radii[i], fill: "rgba(255,255,255,.7)", stroke: "#c2510a", "stroke-width": 1.6 }));
      picture.appendChild(Outreach.svg("text", { x: 2 * widest + 26, y: textY, "font-size": 11, fill: "#3c4a58" }, Outreach.number(value)));
    });
    return picture;
  }
})();
