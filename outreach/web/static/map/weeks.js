/* The map as it stood at the end of a week: a slider that plays, and a second one to compare. */
(function () {
  "use strict";
  const el = Outreach.el;
  const PACE_MS = 800;

  Outreach.Weeks = L.Class.extend({
    initialize: function (options) { L.setOptions(this, options); },
    addTo: function (map) {
      this._map = map;
      this.data = this.options.data;
      this.lens = this.data.lens;
      Outreach.openWeeks = this._open.bind(this);
      this.data.on("look villages stats", this._show, this);
      return this;
    },
    _open: function () {
      const self = this;
      return this.lens.openWeeks().then(function () {
        self._wanted = true;
        self._show();
        self._slider.focus();
      }).catch(function () { Outreach.notice(Outreach.say("no_answer")); });
    },
    _close: function () {
      this._wanted = false;
      this._pause();
      this.lens.closeWeeks();
    },
    _show: function () {
      const lens = this.lens;
      if (!lens.isFirst()) this._wanted = false;
      else if (!lens.isNow()) this._wanted = true;
      if (this._wanted && lens.weeks && !this._box) this._make();
      if (!this._wanted && this._box) this._remove();
      if (this._box) this._fill();
    },
    _make: function () {
      const box = (this._box = el("section", "o-box o-weeks"));
      box.setAttribute("aria-label", Outreach.say("weeks"));
      Outreach.shield(box);
      const first = box.appendChild(el("div", "o-time"));
      this._play = first.appendChild(Outreach.button("o-act o-play", "", this._onPlay.bind(this)));
      this._slider = this._range(first, "week", function (week) { this.lens.lookAt(week, this.lens.beside); });
      first.appendChild(this._closer());
      this._text = box.appendChild(el("output", "o-week"));
      this._second = box.appendChild(el("div", "o-time"));
      this._other = this._range(this._second, "week_right", function (week) { this.lens.lookAt(this.lens.week, { week: week }); });
      this._compare = box.appendChild(Outreach.button("o-act", "", this._onCompare.bind(this)));
      this._map.getContainer().appendChild(box);
    },
    _remove: function () {
      this._pause();
      this._box.remove();
      this._box = null;
    },
    _closer: function () {
      const button = Outreach.button("o-act", "×", this._close.bind(this));
      button.setAttribute("aria-label", Outreach.say("close_weeks"));
      return button;
    },
    _range: function (box, word, onInput) {
      const range = el("input");
      range.type = "range";
      range.min = "0";
      range.max = String(this.lens.weeks.count);
      range.setAttribute("aria-label", Outreach.say(word));
      range.addEventListener("input", function () {
        this._pause();
        onInput.call(this, Number(range.value));
      }.bind(this));
      return box.appendChild(range);
    },
    _fill: function () {
      const lens = this.lens;
      this._set(this._slider, lens.week);
      this._second.hidden = !lens.beside;
      if (lens.beside) this._set(this._other, lens.beside.week);
      const brief = lens.beside || Outreach.narrow(); // the numbers stand at the map's foot as well
      this._text.textContent = brief ? lens.weekName(lens.week) : this._words(lens.week);
      if (lens.beside) this._text.textContent += " | " + lens.weekName(lens.beside.week);
      this._compare.textContent = Outreach.say(lens.beside ? "compare_no_more" : "compare");
      this._compare.setAttribute("aria-pressed", String(Boolean(lens.beside)));
      const still = Outreach.calm();
      this._play.textContent = this._timer ? "❚❚" : still ? "▸❘" : "▶";
      this._play.setAttribute("aria-label", Outreach.say(this._timer ? "pause" : still ? "next_week" : "play"));
    },
    _set: function (range, week) {
      range.max = String(this.lens.weeks.count);
      range.value = String(week === null ? this.lens.weeks.count : week);
      range.setAttribute("aria-valuetext", this._words(week));
    },
    _words: function (week) {
      const counts = this.lens.counts(this.data.area, week);
      const name = this.lens.weekName(week);
      if (!counts) return name;
      return name + ": " + Outreach.reachedLine(counts);
    },
    /* Plays from the first week when the end is reached; who wants no motion goes step by step. */
    _onPlay: function () {
      if (this._timer) {
        this._pause();
        return this._fill();
      }
      if (this.lens.week === null) this.lens.lookAt(0, this.lens.beside);
      if (Outreach.calm()) return this._step();
      this._timer = setInterval(this._step.bind(this), PACE_MS);
      return this._fill();
    },
    _step: function () {
      const lens = this.lens;
      if (document.hidden) return;
      if (lens.week !== null && lens.week + 1 >= lens.weeks.count) this._pause();
      lens.lookAt(lens.week + 1, lens.beside);
    },
    _pause: function () {
      clearInterval(this._timer);
      this._timer = 0;
    },
    _onCompare: function () {
      const lens = this.lens;
      this._pause();
      if (lens.beside) return lens.lookAt(lens.week, null);
      const from = lens.week === null ? Math.max(0, Math.floor(lens.weeks.count / 2)) : lens.week;
      return lens.lookAt(from, { week: null });
    },
  });
  Outreach.calm = function () { return window.matchMedia("(prefers-reduced-motion: reduce)").matches; };
})();
