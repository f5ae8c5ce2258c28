/* A village by its state: colour and shape both tell; approximate places are hollow and dashed. */
(function () {
  "use strict";
  /* Pixels from the middle to the rim; the area of a reached village grows with its sign-ups. */
  Outreach.radius = function (byte, zoom) {
    const base = zoom < 10 ? 1.5 : zoom < 11 ? 2.2 : zoom < 12 ? 3 : zoom < 13 ? 3.8 : 4.6;
    if (byte >> 6 !== 3) return base;
    return base * (1.05 + 0.17 * Math.pow(2, (byte & 63) / 12));
  };
  const outline = {
    dot: function (ctx, x, y, r) {
      ctx.moveTo(x + r * 0.85, y);
      ctx.arc(x, y, r * 0.85, 0, 6.2832);
    },
    disc: function (ctx, x, y, r) {
      ctx.moveTo(x + r, y);
      ctx.arc(x, y, r, 0, 6.2832);
    },
    diamond: function (ctx, x, y, r) {
      const h = r * 1.35;
      ctx.moveTo(x, y - h);
      ctx.lineTo(x + h, y);
      ctx.lineTo(x, y + h);
      ctx.lineTo(x - h, y);
      ctx.closePath();
    },
    square: function (ctx, x, y, r) {
      const h = r * 1.02;
      ctx.rect(x - h, y - h, 2 * h, 2 * h);
    },
  };
  Outreach.outline = function (ctx, state, x, y, r) {
    outline[Outreach.states[state].shape](ctx, x, y, r);
  };

  /* The same symbols as a picture beside a word. */
  Outreach.symbol = function (state, hollow) {
    const look = Outreach.states[state];
    const picture = Outreach.svg("svg", { width: 16, height: 16, viewBox: "-8 -8 16 16", "aria-hidden": "true" });
    const style = hollow
      ? { fill: "#fff", stroke: look.colour, "stroke-width": 1.5, "stroke-dasharray": "2.4 1.6" }
      : { fill: look.colour, stroke: "#fff", "stroke-width": 1 };
    const shapes = {
      dot: ["circle", { r: 3.6 }],
      disc: ["circle", { r: 6 }],
      diamond: ["path", { d: "M0-6.2 6.2 0 0 6.2-6.2 0Z" }],
      square: ["rect", { x: -4.6, y: -4.6, width: 9.2, height: 9.2 }],
    };
    const shape = shapes[look.shape];
    picture.appendChild(Outreach.svg(shape[0], Object.assign({}, shape[1], style)));
    if (look.shape === "disc" && !hollow) {
      picture.appendChild(Outreach.svg("circle", { r: 2, fill: "#fff" }));
    }
    return picture;
  };
})();
