/* Reached share by regency; by district once near. Province outlines, the chosen area, the coast. */
(function () {
  "use strict";
  const LEAST_STEP = 0.8; // pixels: nearer points of a line are skipped
  const LAND = "#fbfaf6";
  const NEAR = 9; // from this zoom on districts take the regencies' place

  /* Goes on along a line from where the path has come to, or begins there. */
  function trace(ctx, points, see, backwards, goesOn) {
    const last = points.length - 2;
    const step = backwards ? -2 : 2;
    const end = backwards ? 0 : last;
    let at = backwards ? last : 0;
    let lastX = points[at] * see.scale - see.left;
    let lastY = points[at + 1] * see.scale - see.top;
    if (!goesOn) ctx.moveTo(lastX, lastY);
    while (at !== end) {
      at += step;
      const x = points[at] * see.scale - see.left;
      const y = points[at + 1] * see.scale - see.top;
      if (Math.abs(x - lastX) + Math.abs(y - lastY) < LEAST_STEP && at !== end) continue;
      ctx.lineTo(x, y);
      lastX = x;
      lastY = y;
    }
  }
  function traceRegion(ctx, region, see) {
    region.polygons.forEach(function (rings) {
      rings.forEach(function (ring) {
        ring.forEach(function (arc, i) { trace(ctx, arc.points, see, arc.backwards, i > 0); });
        ctx.closePath();
      });
    });
  }
  function strokeLines(ctx, lines, see, colour, width) {
    ctx.beginPath();
    lines.forEach(function (line) { if (Outreach.shows(line.box, see)) trace(ctx, line, see); });
    ctx.strokeStyle = colour;
    ctx.lineWidth = width;
    ctx.stroke();
  }
  function opacity(zoom) {
    if (zoom >= 11) return 0.4;
    if (zoom >= 10) return 0.52;
    return zoom >= 9 ? 0.72 : 1;
  }

  /* Fills the path as if over plain land, so that a faint share never looks like the sea. A colour
     is mixed with the land's own: to fill all land twice takes twice as long. */
  function fillOn(ctx, look, share) {
    const isColour = look.startsWith("#");
    ctx.globalAlpha = 1;
    ctx.fillStyle = ctx.strokeStyle = isColour ? mixed(look, share) : LAND;
    ctx.fill("evenodd");
    if (isColour) return;
    ctx.globalAlpha = share;
    ctx.fillStyle = ctx.strokeStyle = Outreach.paint(ctx, look);
    ctx.fill("evenodd");
  }
  function mixed(colour, share) {
    const parts = [1, 3, 5].map(function (at) {
      const above = parseInt(colour.slice(at, at + 2), 16);
      const below = parseInt(LAND.slice(at, at + 2), 16);
      return Math.round(above * share + below * (1 - share));
    });
    return "rgb(" + parts.join() + ")";
  }

  Outreach.Choropleth = Outreach.Canvas.extend({
    events: "stats area districts details look split",
    shows: function () { return this.data.regions.length > 0; },
    /* Takes the code of the region under the pointer, or null. */
    hover: function (code) {
      if (code !== this._hovered) {
        this._hovered = code;
        this.redraw();
      }
    },
    draw: function (ctx, see) {
      ctx.lineJoin = "round";
      const parts = this._parts(see);
      Outreach.eachSide(ctx, see, this.data.lens, this._fill.bind(this, ctx, see, parts.shown));
      this._lines(ctx, see, parts);
      this._outline(ctx, see);
      Outreach.mark("regions");
    },
    /* Regencies that show; near, the districts of provinces that have arrived. */
    _parts: function (see) {
      const parts = { shown: [], near: [], far: new Set() };
      const asked = new Map();
      this.data.regions.forEach(function (region) {
        if (!Outreach.shows(region.box, see)) return;
        const districts = see.zoom >= NEAR ? this._districts(asked, region.code) : null;
        if (districts === null) {
          parts.shown.push(region);
          parts.far.add(region.code.slice(0, 2));
        }
      }, this);
      asked.forEach(function (shapes) {
        if (!shapes) return;
        parts.near.push(shapes.borders);
        shapes.regions.forEach(function (region) {
          if (Outreach.shows(region.box, see)) parts.shown.push(region);
        });
      });
      return parts;
    },
    _districts: function (asked, code) {
      const province = code.slice(0, Outreach.level.province);
      if (this.options.plain) return null;
      if (!asked.has(province)) asked.set(province, this.data.districtsOf(province));
      return asked.get(province);
    },
    _colour: function (region, week) {
      if (this.options.plain) return LAND;
      if (this.data.lens) return this.data.lens.shade(region.code, week);
      const own = this.data.counts(region.code);
      return Outreach.shade(own || this.data.counts(region.code.slice(0, Outreach.level.regency)));
    },
    _fill: function (ctx, see, regions, week) {
      const groups = new Map();
      regions.forEach(function (region) {
        const dimmed = !Outreach.lies(region.code, this.data.area);
        const key = this._colour(region, week) + (dimmed ? " dimmed" : "");
        if (!groups.has(key)) groups.set(key, []);
        groups.get(key).push(region);
      }, this);
      groups.forEach(function (members, key) {
        const look = key.split(" ")[0];
        ctx.beginPath();
        members.forEach(function (region) { traceRegion(ctx, region, see); });
        fillOn(ctx, look, opacity(see.zoom) * (key.endsWith("dimmed") ? 0.4 : 1));
        ctx.lineWidth = 0.6;
        if (see.zoom < NEAR) ctx.stroke(); // hides the hairline between neighbours
      });
      ctx.globalAlpha = 1;
    },
    _lines: function (ctx, see, parts) {
      const far = this.data.borders;
      const near = see.zoom >= NEAR;
      if (near) {
        parts.near.forEach(function (borders) {
          strokeLines(ctx, borders.minor, see, "rgba(70,85,105,.28)", 0.7);
          strokeLines(ctx, borders.major, see, "rgba(50,65,85,.62)", 1.2);
          strokeLines(ctx, borders.edge, see, "rgba(90,115,135,.55)", 0.8);
        });
        if (!parts.far.size) return;
      }
      const busy = see.zoom >= 7;
      strokeLines(ctx, far.edge, see, "rgba(84,120,143,.55)", busy ? 0.9 : 0.6);
      strokeLines(ctx, far.minor, see, near ? "rgba(50,65,85,.5)" : "rgba(255,255,255,.75)", busy ? 1 : 0.45);
      strokeLines(ctx, far.major, see, near ? "rgba(50,65,85,.8)" : "#fff", busy ? 2.2 : 1.3);
    },
    _outline: function (ctx, see) {
      const area = this.data.area;
      if (area !== "" && area.length <= Outreach.level.district) this._ring(ctx, see, area, "#0d2b45", 2);
      if (this._hovered) this._ring(ctx, see, this._hovered, "#0d2b45", 1.6);
    },
    /* The finest outline at hand: from the districts when near, else the region's own shape. */
    _ring: function (ctx, see, code, colour, width) {
      const own = this.data.byCode.get(code);
      const lines = this._outlineOf(code, see.zoom);
      if (lines) {
        strokeLines(ctx, lines, see, colour, width);
      } else if (own) {
        ctx.beginPath();
        traceRegion(ctx, own, see);
        ctx.strokeStyle = colour;
        ctx.lineWidth = width;
        ctx.stroke();
      }
    },
    _outlineOf: function (code, zoom) {
      if (code.length === Outreach.level.province) return this.data.borders.outlines.get(code);
      if (code.length !== Outreach.level.regency || zoom < NEAR) return null;
      const districts = this.data.districtsOf(code.slice(0, Outreach.level.province));
      return districts && districts.borders.outlines.get(code);
    },
  });
})();
