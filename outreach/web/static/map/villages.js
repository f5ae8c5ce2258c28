/* Every village as a symbol of its state, from zoom 8; drawn straight from the columns. */
(function () {
  "use strict";
  const SHAPES_FROM = 9; // below, a symbol is smaller than its shape could tell
  const MOST_PULSES = 50;
  /* Reached last, so that it lies on top. */
  const ORDER = [0, 1, 2, 3];

  /* Symbols are drawn once for every size and stamped: a path of thousands is slow on a phone. */
  const stamps = new Map();
  function stamp(ctx, state, hollow, radius, near) {
    const ratio = ctx.getTransform().a;
    const key = [state, hollow, radius.toFixed(2), near, ratio].join();
    if (!stamps.has(key)) stamps.set(key, makeStamp(state, hollow, radius, near, ratio));
    return stamps.get(key);
  }
  function makeStamp(state, hollow, radius, near, ratio) {
    const half = Math.ceil(radius * 1.4 + 2);
    const picture = Outreach.el("canvas");
    picture.width = picture.height = Math.ceil(2 * half * ratio);
    const ctx = picture.getContext("2d");
    ctx.scale(ratio, ratio);
    ctx.beginPath();
    Outreach.outline(ctx, state, half, half, radius);
    const colour = Outreach.states[state].colour;
    ctx.fillStyle = hollow ? "rgba(255,255,255,.9)" : colour;
    ctx.strokeStyle = hollow ? colour : "rgba(255,255,255,.95)";
    ctx.setLineDash(hollow ? [2, 1.5] : []);
    ctx.lineWidth = hollow ? 1.3 : near ? 1.1 : 0.7;
    ctx.fill();
    ctx.stroke();
    if (state === 3 && !hollow && radius > 3.2) {
      ctx.beginPath();
      ctx.arc(half, half, radius / 3, 0, 6.2832);
      ctx.fillStyle = "#fff";
      ctx.fill();
    }
    return { picture: picture, half: picture.width / ratio / 2 };
  }

  Outreach.Villages = Outreach.Canvas.extend({
    stacking: 3,
    events: "villages area look split",
    onAdd: function (map) {
      Outreach.Canvas.prototype.onAdd.call(this, map);
      this.data.on("state", this._onState, this);
    },
    onRemove: function (map) {
      this.data.off("state", this._onState, this);
      this._visible = null;
      Outreach.Canvas.prototype.onRemove.call(this, map);
    },
    shows: function (see) {
      const shown = Boolean(this.data.states) && see.zoom >= this.options.minZoom;
      if (!shown) this._visible = null;
      return shown;
    },
    redraw: function () {
      const near = this._map && this._map.getZoom() >= this.options.minZoom;
      return near ? Outreach.Canvas.prototype.redraw.call(this) : this;
    },
    choose: function (row) {
      this._chosen = row;
      this.redraw();
    },
    _onState: function (event) {
      const shown = new Set(this.visible());
      event.rows.filter(function (row) { return shown.has(row); }).slice(0, MOST_PULSES).forEach(this._pulse, this);
      this.redraw();
    },
    /* A village that has just changed draws the eye for a moment: a ring that is no part of the
     * canvas, which would have to be drawn anew with every step of it. */
    _pulse: function (row) {
      const see = this._sheet.see();
      const v = this.data.villages;
      const ring = L.DomUtil.create("i", "o-pulse", this._map.getPane("overlayPane"));
      L.DomUtil.setPosition(ring, L.point(v.x[row] * see.scale - see.left, v.y[row] * see.scale - see.top));
      const away = function () { ring.remove(); };
      ring.addEventListener("animationend", away);
      this._map.once("zoomstart viewreset", away); // it would stand elsewhere
    },
    draw: function (ctx, see) {
      this._visible = this._find(see);
      if (Outreach.lensShowsVillages(this.data.lens)) Outreach.drawLensVillages(ctx, see, this.data.lens, this._visible);
      else if (see.zoom < SHAPES_FROM) this._drawGrains(ctx, see);
      else this._drawSymbols(ctx, see);
      if (this._chosen !== undefined && this._chosen !== null) this._ring(ctx, see, this._chosen, 4, "#d4006a", 2.5);
      Outreach.mark("villages");
    },
    _find: function (see) {
      const x = this.data.villages.x;
      const y = this.data.villages.y;
      const box = see.box;
      const visible = [];
      for (let i = 0, n = this.data.villages.n; i < n; i++) {
        if (x[i] > box[0] && x[i] < box[2] && y[i] > box[1] && y[i] < box[3]) visible.push(i);
      }
      return visible;
    },
    _drawGrains: function (ctx, see) {
      const v = this.data.villages;
      const states = this.data.states;
      ctx.globalAlpha = 0.85;
      ORDER.forEach(function (state) {
        const size = state === 0 ? 1.8 : state === 3 ? 3.4 : 2.8;
        ctx.fillStyle = Outreach.states[state].colour;
        this._visible.forEach(function (i) {
          if (states[i] >> 6 !== state) return;
          ctx.fillRect(v.x[i] * see.scale - see.left - size / 2, v.y[i] * see.scale - see.top - size / 2, size, size);
        });
      }, this);
      ctx.globalAlpha = 1;
    },
    _drawSymbols: function (ctx, see) {
      ORDER.forEach(function (state) {
        this._drawState(ctx, see, state, false);
        this._drawState(ctx, see, state, true);
      }, this);
    },
    _drawState: function (ctx, see, state, hollow) {
      const v = this.data.villages;
      const states = this.data.states;
      this._visible.forEach(function (i) {
        if (states[i] >> 6 !== state || this.data.isApproximate(i) !== hollow) return;
        const look = stamp(ctx, state, hollow, Outreach.radius(states[i], see.zoom), see.zoom >= 11);
        const x = v.x[i] * see.scale - see.left - look.half;
        const y = v.y[i] * see.scale - see.top - look.half;
        ctx.drawImage(look.picture, x, y, 2 * look.half, 2 * look.half);
      }, this);
    },
    _ring: function (ctx, see, row, gap, colour, width) {
      const v = this.data.villages;
      const r = Outreach.radius(this.data.states[row], see.zoom) + gap;
      ctx.beginPath();
      ctx.arc(v.x[row] * see.scale - see.left, v.y[row] * see.scale - see.top, r, 0, 6.2832);
      ctx.strokeStyle = colour;
      ctx.lineWidth = width;
      ctx.stroke();
    },
    /* The row of the village under a layer point, or null. A scan of what shows is fast enough. */
    at: function (point) {
      if (!this._visible || this._map.getZoom() < SHAPES_FROM) return null;
      const see = this._sheet.see();
      const v = this.data.villages;
      const reach = L.Browser.mobile ? 14 : 5;
      let best = null;
      let least = reach;
      this._visible.forEach(function (i) {
        const dx = v.x[i] * see.scale - see.left - point.x;
        const dy = v.y[i] * see.scale - see.top - point.y;
        const gap = Math.sqrt(dx * dx + dy * dy) - Outreach.radius(this.data.states[i], see.zoom);
        if (gap < least) {
          least = gap;
          best = i;
        }
      }, this);
      return best;
    },
    visible: function () { return this._visible || []; },
  });
})();
