/* Sign-ups by province, by regency once nearer: rings whose area grows with the number. */
(function () {
  "use strict";
  const REGENCIES_FROM = 7;
  const GONE_FROM = 8; // the villages themselves show from here on

  Outreach.bubblesUntil = GONE_FROM;
  Outreach.bubbleLength = function (zoom) {
    return zoom < REGENCIES_FROM ? Outreach.level.province : Outreach.level.regency;
  };
  /* Pixels of radius for a number, so that the largest of a level stays readable. */
  Outreach.bubbleRadius = function (value, most, zoom) {
    const widest = (Outreach.narrow() ? 14 : 25) * (zoom < REGENCIES_FROM ? Math.pow(1.22, zoom - 5) : 0.85);
    return Math.max(2, widest * Math.sqrt(value / most));
  };

  Outreach.Bubbles = Outreach.Canvas.extend({
    stacking: 2,
    events: "stats look",
    onRemove: function (map) {
      this.boxes = [];
      Outreach.Canvas.prototype.onRemove.call(this, map);
    },
    boxes: [],
    shows: function (see) {
      this.boxes = [];
      return this.data.regions.length > 0 && see.zoom < GONE_FROM && this.counts();
    },
    /* Sign-ups are those of today: beside an earlier week they would mislead. What is still to be
     * done is told by colour alone. */
    counts: function () {
      const lens = this.data.lens;
      return !lens || (lens.isNow() && lens.ramp() === Outreach.ramps.more);
    },
    draw: function (ctx, see) {
      const rings = this._rings(see);
      rings.forEach(function (ring) {
        ctx.beginPath();
        ctx.arc(ring.x, ring.y, ring.r, 0, 6.2832);
        ctx.fillStyle = "rgba(255,255,255,.5)";
        ctx.fill();
        ctx.lineWidth = 1.8;
        ctx.strokeStyle = "#c2510a";
        ctx.stroke();
        this.boxes.push([ring.x - ring.r, ring.y - ring.r, ring.x + ring.r, ring.y + ring.r]);
      }, this);
      this._numbers(ctx, rings);
    },
    /* The largest first, so that smaller ones stay on top. */
    _rings: function (see) {
      const length = Outreach.bubbleLength(see.zoom);
      const sums = this.sums(length);
      const most = this.most(length);
      const rings = [];
      sums.forEach(function (value, code) {
        const at = this.place(code);
        if (!value || !at) return;
        rings.push({
          code: code, value: value, r: Outreach.bubbleRadius(value, most, see.zoom),
          x: at.x * see.scale - see.left, y: at.y * see.scale - see.top,
        });
      }, this);
      return rings.sort(function (a, b) { return b.r - a.r; });
    },
    sums: function (length) {
      const sums = new Map();
      for (const regency in this.data.stats) {
        const code = regency.slice(0, length);
        sums.set(code, (sums.get(code) || 0) + this.data.stats[regency][4]);
      }
      return sums;
    },
    most: function (length) {
      return Math.max(1, ...this.sums(length).values());
    },
    /* On land: a province's ring stands in the large regency nearest to the province's middle. */
    place: function (code) {
      const own = this.data.byCode.get(code);
      if (own) return own;
      this._places = this._places || new Map();
      if (!this._places.has(code)) this._places.set(code, this._middle(code));
      return this._places.get(code);
    },
    _middle: function (code) {
      const members = this.data.regions.filter(function (r) { return Outreach.lies(r.code, code); });
      const all = members.reduce(function (sum, r) { return sum + r.size; }, 0);
      const largest = Math.max(...members.map(function (r) { return r.size; }));
      const x = members.reduce(function (sum, r) { return sum + r.x * r.size; }, 0) / all;
      const y = members.reduce(function (sum, r) { return sum + r.y * r.size; }, 0) / all;
      const large = members.filter(function (r) { return r.size >= 0.3 * largest; });
      return large.sort(function (a, b) {
        return Math.hypot(a.x - x, a.y - y) - Math.hypot(b.x - x, b.y - y);
      })[0];
    },
    _numbers: function (ctx, rings) {
      const taken = [];
      ctx.textAlign = "center";
      ctx.textBaseline = "middle";
      ctx.fillStyle = "#6b2c00";
      ctx.lineWidth = 3;
      ctx.lineJoin = "round";
      ctx.strokeStyle = "rgba(255,255,255,.85)";
      rings.forEach(function (ring) {
        const text = Outreach.short(ring.value);
        ctx.font = "600 " + (ring.r > 16 ? 11.5 : 10) + "px system-ui, sans-serif";
        const free = taken.every(function (at) { return Math.abs(at.x - ring.x) > 30 || Math.abs(at.y - ring.y) > 13; });
        if (ctx.measureText(text).width > 2 * ring.r - 5 || !free) return;
        taken.push(ring);
        ctx.strokeText(text, ring.x, ring.y + 0.5);
        ctx.fillText(text, ring.x, ring.y + 0.5);
      });
      ctx.textAlign = "start";
    },
  });
})();
