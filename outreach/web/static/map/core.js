/* What every part of the map shares: elements, colours, the projection, slices of time. */
(function () {
  "use strict";
  const Outreach = (window.Outreach = {});
  /* Text goes in as text, never as markup: there is no other way to make an element here. */
  Outreach.el = function (tag, className, text) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined && text !== null) element.textContent = text;
    return element;
  };
  Outreach.svg = function (tag, attributes, text) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const name in attributes) element.setAttribute(name, attributes[name]);
    if (text !== undefined) element.textContent = text;
    return element;
  };
  Outreach.button = function (className, text, onClick) {
    const button = Outreach.el("button", className, text);
    button.type = "button";
    button.addEventListener("click", function (event) {
      // Leaflet looks for its mark above the button, which is gone once the handler has redrawn.
      event.stopPropagation();
      onClick(event);
    });
    return button;
  };

  /* One hue family from cream to navy, lighter to darker, so that it also reads in grey. */
  Outreach.ramp = ["#f6f1da", "#d9e4bf", "#a5d0b5", "#63b3ad", "#2f8ea3", "#1a658f", "#123f6d"];
  Outreach.breaks = [0.1, 0.25, 0.4, 0.55, 0.7, 0.85];
  Outreach.outside = "#dde4e8";
  Outreach.shade = function (counts) {
    const all = counts ? counts[0] + counts[1] + counts[2] + counts[3] : 0;
    if (!all) return Outreach.outside;
    const share = counts[3] / all;
    const step = Outreach.breaks.findIndex(function (limit) { return share < limit; });
    return Outreach.ramp[step < 0 ? 6 : step];
  };
  Outreach.states = [
    { word: "not_planned", colour: "#7d848b", shape: "dot" },
    { word: "planned", colour: "#e39000", shape: "diamond" },
    { word: "confirmed", colour: "#c2186f", shape: "square" },
    { word: "reached", colour: "#0b3f8c", shape: "disc" },
  ];

  /* Web Mercator at zoom 0: the world is 256 units wide. */
  Outreach.x = function (lon) { return ((lon + 180) / 360) * 256; };
  Outreach.y = function (lat) {
    const s = Math.sin((lat * Math.PI) / 180);
    return (0.5 - Math.log((1 + s) / (1 - s)) / (4 * Math.PI)) * 256;
  };
  /* The same between -20 and 20 degrees from a table: less than a tenth of a pixel off at zoom 16. */
  const FAR = 20;
  const PER_DEGREE = 32;
  const heights = new Float64Array(2 * FAR * PER_DEGREE + 2);
  for (let i = 0; i < heights.length; i++) heights[i] = Outreach.y(i / PER_DEGREE - FAR);
  Outreach.quickY = function (lat) {
    const at = (lat + FAR) * PER_DEGREE;
    if (!(at >= 0 && at < heights.length - 1)) return Outreach.y(lat);
    const below = Math.floor(at);
    return heights[below] + (at - below) * (heights[below + 1] - heights[below]);
  };
  Outreach.lon = function (x) { return (x / 256) * 360 - 180; };
  Outreach.lat = function (y) {
    return (Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / 256))) * 180) / Math.PI;
  };
  Outreach.bounds = function (box) {
    return L.latLngBounds(
      [Outreach.lat(box[3]), Outreach.lon(box[0])],
      [Outreach.lat(box[1]), Outreach.lon(box[2])]
    );
  };
  Outreach.mark = function (name) {
    performance.clearMarks("outreach:" + name); // the last one tells, and an open map makes many
    performance.mark("outreach:" + name);
    document.documentElement.dataset[name] = "drawn";
  };
  Outreach.dress = function (css) {
    const style = Outreach.el("style", "", css);
    style.nonce = document.currentScript.nonce;
    document.head.appendChild(style);
  };

  /* Long work goes in slices, between which the page answers whoever touches it. */
  const SLICE_MS = 12;
  const channel = new MessageChannel();
  const waiting = [];
  channel.port1.onmessage = function () { waiting.shift()(); };
  Outreach.breathe = function () {
    return new Promise(function (resolve) {
      waiting.push(resolve);
      channel.port2.postMessage(null);
    });
  };
  Outreach.inSlices = async function (n, step, work) {
    let until = performance.now() + SLICE_MS;
    for (let at = 0; at < n; at += step) {
      work(at, Math.min(n, at + step));
      if (performance.now() < until) continue;
      await Outreach.breathe();
      until = performance.now() + SLICE_MS;
    }
  };
  Outreach.narrow = function () { return window.innerWidth < 640; };
})();
