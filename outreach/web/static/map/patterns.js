/* Fills that are no colour: hatched where there is no data, dotted where nobody has ever been. */
(function () {
  "use strict";
  const SIDE = 8;
  const tiles = new Map();
  const drawn = {
    hatch: function (ctx) {
      ctx.fillStyle = "#eef0f1";
      ctx.fillRect(0, 0, SIDE, SIDE);
      ctx.strokeStyle = "#a3adb6";
      ctx.lineWidth = 1.1;
      ctx.beginPath();
      for (let from = -SIDE; from <= SIDE; from += SIDE) {
        ctx.moveTo(from - 1, SIDE + 1);
        ctx.lineTo(from + SIDE + 1, -1);
      }
      ctx.stroke();
    },
    dots: function (ctx) {
      ctx.fillStyle = "#f1eef3";
      ctx.fillRect(0, 0, SIDE, SIDE);
      ctx.fillStyle = "#857a92";
      [[2, 2], [6, 6]].forEach(function (at) {
        ctx.beginPath();
        ctx.arc(at[0], at[1], 0.95, 0, 6.2832);
        ctx.fill();
      });
    },
  };
  function tile(name) {
    if (!tiles.has(name)) {
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = SIDE;
      drawn[name](canvas.getContext("2d"));
      tiles.set(name, canvas);
    }
    return tiles.get(name);
  }
  /* What to fill with: a colour as it is, a pattern by its name. */
  Outreach.paint = function (ctx, look) {
    return look in drawn ? ctx.createPattern(tile(look), "repeat") : look;
  };
  /* A small sample of a look for a legend. */
  Outreach.swatch = function (look) {
    const canvas = Outreach.el("canvas", "o-swatch-box");
    canvas.width = 22;
    canvas.height = 13;
    canvas.setAttribute("aria-hidden", "true");
    const ctx = canvas.getContext("2d");
    ctx.fillStyle = Outreach.paint(ctx, look);
    ctx.fillRect(0, 0, canvas.width, canvas.height);
    return canvas;
  };
})();
