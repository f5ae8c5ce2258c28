/* What the colours, symbols and sizes mean; the counts by state add up to the villages shown. */
(function () {
  "use strict";
  const el = Outreach.el;

  Outreach.Legend = L.Control.extend({
    options: { position: "bottomright" },
    onAdd: function (map) {
      this.data = this.options.data;
      const box = el("details", "o-box o-legend");
      box.open = !Outreach.narrow();
      box.appendChild(el("summary", null, Outreach.say("legend")));
      this._body = el("div");
      box.appendChild(this._body);
      L.DomEvent.disableClickPropagation(box);
      L.DomEvent.disableScrollPropagation(box);
      map.on("zoomend overlayadd overlayremove", this._fill, this);
      this.data.on("stats area state villages details", this._fill, this);
      this._fill();
      return box;
    },
    onRemove: function (map) {
      map.off("zoomend overlayadd overlayremove", this._fill, this);
      this.data.off("stats area state villages details", this._fill, this);
    },
    _fill: function () {
      const map = this._map || this.options.map;
      this._body.textContent = "";
      this._part = this._body.appendChild(el("div", "o-part"));
      this._ramp();
      if (Outreach.narrow()) this._body.appendChild(Outreach.stateTable(this.data));
      if (map && map.getZoom() >= 8) this._roughly();
      if (map && map.getZoom() < Outreach.bubblesUntil && map.hasLayer(this.options.bubbles)) this._sizes(map.getZoom());
      this._body.appendChild(el("p", "o-note", Outreach.say("approximate_borders")));
    },
    _ramp: function () {
      this._part.appendChild(el("h2", null, Outreach.say("share_reached")));
      const ramp = el("div", "o-ramp");
      const ticks = el("div", "o-ticks");
      Outreach.ramp.forEach(function (colour) {
        const step = el("i");
        step.style.background = colour;
        ramp.appendChild(step);
      });
      [0].concat(Outreach.breaks, [1]).forEach(function (limit) {
        ticks.appendChild(el("span", null, Math.round(limit * 100) + (limit === 1 ? "%" : "")));
      });
      this._part.appendChild(ramp);
      this._part.appendChild(ticks);
    },
    _roughly: function () {
      const line = el("div", "o-line o-note");
      line.appendChild(Outreach.symbol(0, true));
      line.appendChild(el("span", null, Outreach.say("hollow_means")));
      const part = this._body.appendChild(el("div", "o-part"));
      part.appendChild(line);
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
  });
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
