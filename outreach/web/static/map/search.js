/* Finds a village, district or regency by name or code; answers are buttons, arrows move. */
(function () {
  "use strict";
  const el = Outreach.el;
  const PAUSE_MS = 180;

  Outreach.Search = L.Control.extend({
    options: { position: "topleft" },
    onAdd: function (map) {
      map.on("mousedown", this._clear, this); // it covers other things, so it goes with a click elsewhere
      this.data = this.options.data;
      const box = el("div", "o-search");
      box.setAttribute("role", "search");
      L.DomEvent.disableClickPropagation(box);
      L.DomEvent.disableScrollPropagation(box);
      this._input = el("input", "o-box");
      this._input.type = "search";
      this._input.maxLength = 80;
      this._input.autocomplete = "off";
      this._input.placeholder = Outreach.say("search");
      this._input.setAttribute("aria-label", Outreach.say("search"));
      this._list = el("ul", "o-box o-results");
      this._said = el("div", "o-hidden");
      this._said.setAttribute("role", "status");
      this._input.addEventListener("input", this._onInput.bind(this));
      box.addEventListener("keydown", this._onKey.bind(this));
      [this._input, this._list, this._said].forEach(function (part) { box.appendChild(part); });
      return box;
    },
    _onInput: function () {
      clearTimeout(this._timer);
      this._timer = setTimeout(this._look.bind(this), PAUSE_MS);
    },
    _look: function () {
      const asked = (this._asked = this._input.value.trim());
      if (asked.length < 2) return this._clear();
      const self = this;
      return Outreach.ask("search", { q: asked }).then(function (answer) {
        if (self._asked === asked) self._show(answer.results);
      }).catch(function () {
        if (self._asked === asked) self._say(Outreach.say("no_answer"));
      });
    },
    _clear: function () {
      this._list.textContent = "";
      this._said.textContent = "";
    },
    _say: function (text) {
      this._clear();
      this._list.appendChild(el("li", "o-sub", text));
      this._said.textContent = text;
    },
    _show: function (results) {
      if (!results.length) return this._say(Outreach.say("nothing_found"));
      this._clear();
      this._said.textContent = Outreach.say("found", { count: results.length });
      results.forEach(function (found) {
        const line = Outreach.button("o-result", null, this._choose.bind(this, found));
        line.appendChild(el("span", null, found.name));
        line.appendChild(el("span", "o-sub", found.where + " · " + found.code));
        this._list.appendChild(el("li")).appendChild(line);
      }, this);
      Outreach.mark("results");
      return this._list;
    },
    _choose: function (found) {
      this._clear();
      this._input.value = found.name;
      if (found.code.length < Outreach.level.village) {
        if (this.data.area === found.code) this.options.view.showArea(found.code);
        return this.data.select(found.code);
      }
      this.options.view.showPlaceIn(Outreach.parent(found.code), found.lat, found.lon);
      return this.data.rowOf(found.code).then(function (row) {
        if (row !== null) Outreach.openVillage(row);
      }).catch(function () { Outreach.notice(Outreach.say("no_answer")); });
    },
    _onKey: function (event) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (event.key === "Escape") {
        this._clear();
        this._input.focus();
      } else if (step) {
        const stops = [this._input].concat(Array.from(this._list.querySelectorAll("button")));
        const at = stops.indexOf(document.activeElement) + step;
        if (stops[at]) stops[at].focus();
        event.preventDefault();
      } else if (event.key === "Enter" && document.activeElement === this._input) {
        const first = this._list.querySelector("button");
        if (first) first.click();
      }
    },
  });
})();
