/* Two weeks side by side: what is drawn left and right of a line, and the handle that moves it. */
(function () {
  "use strict";
  const STEP = 2; // percent, by an arrow key
  const LEAP = 10;

  /* Draws once for each side with its week, or once for all with the week that shows. */
  Outreach.eachSide = function (ctx, see, lens, draw) {
    if (!lens || !lens.beside) return draw(lens ? lens.week : null);
    const b = see.box;
    const left = b[0] * see.scale - see.left;
    const top = b[1] * see.scale - see.top;
    const width = (b[2] - b[0]) * see.scale;
    const height = (b[3] - b[1]) * see.scale;
    const line = Outreach.map.containerPointToLatLng([Outreach.map.getSize().x * lens.at, 0]);
    const middle = Outreach.x(line.lng) * see.scale - see.left;
    [[left, middle, lens.week], [middle, left + width, lens.beside.week]].forEach(function (side) {
      ctx.save();
      ctx.beginPath();
      ctx.rect(side[0], top, side[1] - side[0], height);
      ctx.clip();
      draw(side[2]);
      ctx.restore();
    });
  };

  Outreach.Split = L.Class.extend({
    initialize: function (options) { L.setOptions(this, options); },
    addTo: function (map) {
      this._map = map;
      this.data = this.options.data;
      this.lens = this.data.lens;
      this.data.on("look", this._show, this);
      return this;
    },
    _show: function () {
      if (this.lens.beside && !this._handle) this._make();
      if (!this.lens.beside && this._handle) this._remove();
      if (this._handle) this._place();
    },
    _make: function () {
      const handle = (this._handle = Outreach.el("div", "o-split"));
      handle.tabIndex = 0;
      handle.setAttribute("role", "slider");
      handle.setAttribute("aria-label", Outreach.say("divider"));
      handle.setAttribute("aria-orientation", "horizontal");
      handle.setAttribute("aria-valuemin", "0");
      handle.setAttribute("aria-valuemax", "100");
      this._left = handle.appendChild(Outreach.el("span", "o-side o-left"));
      this._right = handle.appendChild(Outreach.el("span", "o-side o-right"));
      handle.appendChild(Outreach.el("span", "o-grip", "◂▸"));
      handle.addEventListener("keydown", this._onKey.bind(this));
      handle.addEventListener("pointerdown", this._onDown.bind(this));
      handle.addEventListener("pointermove", this._onMove.bind(this));
      handle.addEventListener("pointerup", this._onUp.bind(this));
      handle.addEventListener("pointercancel", this._onUp.bind(this));
      Outreach.shield(handle);
      this._map.getContainer().appendChild(handle);
      // What is drawn moves with the map until it rests; the line stands still.
      this._map.on("move", this._redraw, this);
    },
    _remove: function () {
      this._map.off("move", this._redraw, this);
      this._handle.remove();
      this._handle = null;
    },
    _redraw: function () { this.data.fire("split"); },
    _place: function () {
      const lens = this.lens;
      const percent = Math.round(lens.at * 100);
      const names = { left: lens.weekName(lens.week), right: lens.weekName(lens.beside.week) };
      this._handle.style.left = lens.at * 100 + "%";
      this._handle.setAttribute("aria-valuenow", percent);
      this._handle.setAttribute("aria-valuetext", Outreach.say("divider_at", names));
      this._left.textContent = names.left;
      this._right.textContent = names.right;
    },
    _moveTo: function (at) {
      this.lens.at = Math.min(0.98, Math.max(0.02, at));
      this._place();
      this._redraw();
    },
    _onKey: function (event) {
      const by = { ArrowLeft: -STEP, ArrowDown: -STEP, ArrowRight: STEP, ArrowUp: STEP, PageDown: -LEAP, PageUp: LEAP, Home: -100, End: 100 }[event.key];
      if (by === undefined) return;
      event.preventDefault();
      this._moveTo(this.lens.at + by / 100);
    },
    _onDown: function (event) {
      event.preventDefault();
      this._handle.focus();
      this._handle.setPointerCapture(event.pointerId);
      this._drags = true;
    },
    _onMove: function (event) {
      if (!this._drags) return;
      const box = this._map.getContainer().getBoundingClientRect();
      this._moveTo((event.clientX - box.left) / box.width);
    },
    _onUp: function () { this._drags = false; },
  });
})();
