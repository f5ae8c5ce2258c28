/* The villages through the lens: coloured by the layer, or as they stood at the end of a week.
 * The shape tells the state as always; of a past week only reached and not reached are known. */
(function () {
  "use strict";
  const SHAPES_FROM = 9;
  const GREY = "#7d848b";
  const RIM = "rgba(29,39,51,.75)";

  function grain(ctx, x, y, size) {
    ctx.rect(x - size / 2, y - size / 2, size, size);
  }
  /* One path for every look, the least first, so that the most lies on top. */
  function drawLooks(ctx, see, data, looks, rows) {
    const v = data.villages;
    looks.forEach(function (look) {
      ctx.beginPath();
      rows.forEach(function (i) {
        if (look.of(i)) look.shape(ctx, i, v.x[i] * see.scale - see.left, v.y[i] * see.scale - see.top);
      });
      ctx.fillStyle = look.fill;
      ctx.fill();
      if (see.zoom < SHAPES_FROM || !look.rim) return;
      ctx.strokeStyle = look.rim;
      ctx.lineWidth = see.zoom >= 11 ? 1 : 0.6;
      ctx.stroke();
    });
  }
  function layerLooks(lens, see) {
    const data = lens.data;
    const near = see.zoom >= SHAPES_FROM;
    const kinds = [Outreach.kinds.noData, Outreach.kinds.never, 0, 1, 2, 3, 4, 5, 6];
    return kinds.map(function (kind) {
      return {
        of: function (i) { return lens.classes[i] === kind; },
        fill: kind > 6 ? "#fff" : lens.ramp()[kind],
        rim: kind > 6 ? "#8a939b" : RIM,
        shape: function (ctx, i, x, y) {
          const byte = data.states[i];
          if (near) Outreach.outline(ctx, byte >> 6, x, y, Math.max(2, Outreach.radius(byte, see.zoom)));
          else grain(ctx, x, y, kind > 6 ? 1.8 : 3);
        },
      };
    });
  }
  function weekLooks(lens, see, week) {
    const data = lens.data;
    const near = see.zoom >= SHAPES_FROM;
    return [false, true].map(function (isReached) {
      return {
        of: function (i) { return lens.reachedBy(i, week) === isReached; },
        fill: isReached ? Outreach.states[3].colour : GREY,
        rim: "rgba(255,255,255,.95)",
        shape: function (ctx, i, x, y) {
          const byte = isReached ? data.states[i] : 0;
          if (near) Outreach.outline(ctx, isReached ? 3 : 0, x, y, Outreach.radius(byte, see.zoom));
          else grain(ctx, x, y, isReached ? 3.4 : 1.8);
        },
      };
    });
  }
  /* Whether the villages are drawn here, and not by their states of now. */
  Outreach.lensShowsVillages = function (lens) {
    return Boolean(lens) && (!lens.isNow() || (!lens.isFirst() && Boolean(lens.classes)));
  };
  Outreach.drawLensVillages = function (ctx, see, lens, rows) {
    if (!lens.isFirst()) return drawLooks(ctx, see, lens.data, layerLooks(lens, see), rows);
    return Outreach.eachSide(ctx, see, lens, function (week) {
      const by = week === null ? lens.weeks.count : week;
      drawLooks(ctx, see, lens.data, weekLooks(lens, see, by), rows);
    });
  };
})();
