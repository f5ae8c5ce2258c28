/* Names on the map, at most one per place: provinces, regencies, districts, villages by zoom. */
(function () {
  "use strict";
  const NEAR = 9; // from this zoom on details are asked for
  const NEAR_EVENTS = "villages state details districts";
  const FEW = 900; // villages in view, above which their names are not asked for

  Outreach.Labels = Outreach.Canvas.extend({
    stacking: 4,
    events: "regions stats",
    onAdd: function (map) {
      Outreach.Canvas.prototype.onAdd.call(this, map);
      this.data.on(NEAR_EVENTS, this._redrawNear, this);
    },
    onRemove: function (map) {
      this.data.off(NEAR_EVENTS, this._redrawNear, this);
      Outreach.Canvas.prototype.onRemove.call(this, map);
    },
    _redrawNear: function () {
      if (this._map.getZoom() >= NEAR) this.redraw();
    },
    shows: function () { return this.data.regions.length > 0; },
    draw: function (ctx, see) {
      this._boxes = this.options.bubbles ? this.options.bubbles.boxes.slice() : [];
      ctx.lineJoin = "round";
      ctx.textBaseline = "middle";
      if (see.zoom >= NEAR) this._askDetails(see);
      if (see.zoom >= 7) this._regencies(ctx, see);
      else if (see.zoom >= 4.7 && this.options.bubbles) this._provinces(ctx, see);
      if (see.zoom >= 10) this._districts(ctx, see);
      if (see.zoom >= 12 && this.options.villages) this._villages(ctx, see);
    },
    _askDetails: function (see) {
      const data = this.data;
      if (!data.states) return;
      data.regions.forEach(function (region) {
        const near = Outreach.shows(region.box, see) && data.stats[region.code];
        if (near) data.details(region.code).catch(function () {});
      });
    },
    _provinces: function (ctx, see) {
      const length = Outreach.level.province;
      const bubbles = this.options.bubbles;
      const most = bubbles.most(length);
      const codes = Array.from(bubbles.sums(length)).sort(function (a, b) { return b[1] - a[1]; });
      ctx.font = "600 12px system-ui, sans-serif";
      codes.forEach(function (pair) {
        const at = bubbles.place(pair[0]);
        const r = this._bubbleShows() ? Outreach.bubbleRadius(pair[1], most, see.zoom) : 0;
        if (at) this._beside(ctx, see, at, this.data.name(pair[0]), r, "#22303c");
      }, this);
    },
    _regencies: function (ctx, see) {
      const most = this.options.bubbles ? this.options.bubbles.most(Outreach.level.regency) : 1;
      const shown = this._bubbleShows() && see.zoom < Outreach.bubblesUntil;
      const strong = see.zoom >= 9;
      ctx.font = strong ? "600 13px system-ui, sans-serif" : "11.5px system-ui, sans-serif";
      const named = function (region) { return region.code in this.data.names && Outreach.shows(region.box, see); };
      this.data.regions.filter(named, this)
        .sort(function (a, b) { return b.size - a.size; })
        .forEach(function (region) {
          const counts = this.data.stats[region.code];
          const r = shown && counts && counts[4] ? Outreach.bubbleRadius(counts[4], most, see.zoom) : 0;
          const name = this.data.name(region.code).replace(/^Kabupaten /, "");
          this._beside(ctx, see, region, name, r, strong ? "#0d2b45" : "#33424f");
        }, this);
    },
    _districts: function (ctx, see) {
      ctx.font = "italic 600 11.5px system-ui, sans-serif";
      this.data.byCode.forEach(function (region, code) {
        if (code.length !== Outreach.level.district || !Outreach.shows(region.box, see)) return;
        const name = this.data.name(code);
        if (name !== code) this._beside(ctx, see, region, name, 0, "#4a5968");
      }, this);
    },
    _villages: function (ctx, see) {
      const data = this.data;
      const rows = this.options.villages.visible();
      if (!rows.length || rows.length > FEW) return;
      ctx.font = "11px system-ui, sans-serif";
      rows.slice().sort(function (a, b) { return data.states[b] - data.states[a]; }).forEach(function (row) {
        const known = data.known(data.villages.regencies[data.regencyAt(row)]);
        if (!known) return;
        const r = Outreach.radius(data.states[row], see.zoom);
        const x = data.villages.x[row] * see.scale - see.left + r + 4;
        const y = data.villages.y[row] * see.scale - see.top;
        const text = known.villages[row - known.first][1];
        this._write(ctx, text, x, y, x, x + ctx.measureText(text).width, "start", "#26333f");
      }, this);
    },
    _bubbleShows: function () {
      return Boolean(this.options.bubbles) && this._map.hasLayer(this.options.bubbles);
    },
    /* Below the point (or its ring) if there is room, else above, else not at all. */
    _beside: function (ctx, see, at, text, r, colour) {
      const x = at.x * see.scale - see.left;
      const y = at.y * see.scale - see.top;
      const half = ctx.measureText(text).width / 2 + 3;
      const gap = r ? r + 9 : 0;
      return this._write(ctx, text, x, y + gap, x - half, x + half, "center", colour) ||
        (r > 0 && this._write(ctx, text, x, y - gap, x - half, x + half, "center", colour));
    },
    _write: function (ctx, text, x, y, left, right, align, colour) {
      const box = [left, y - 7, right, y + 7];
      const free = this._boxes.every(function (b) {
        return box[0] > b[2] || box[2] < b[0] || box[1] > b[3] || box[3] < b[1];
      });
      if (!free) return false;
      this._boxes.push(box);
      ctx.textAlign = align;
      ctx.lineWidth = 3;
      ctx.strokeStyle = "rgba(255,255,255,.88)";
      ctx.strokeText(text, x, y);
      ctx.fillStyle = colour;
      ctx.fillText(text, x, y);
      return true;
    },
  });
})();
