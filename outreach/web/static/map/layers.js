/* Chooses what the map shows: one layer of six, the rings, the villages, and the way to the weeks. */
(function () {
  "use strict";
  const el = Outreach.el;

  Outreach.Layers = L.Control.extend({
    options: { position: "topright" },
    onAdd: function (map) {
      this._map = map;
      this.lens = this.options.data.lens;
      const box = (this._box = el("details", "o-box o-layers"));
      Outreach.shield(box);
      const summary = box.appendChild(el("summary"));
      summary.appendChild(icon());
      summary.appendChild(el("span", "o-hidden", Outreach.say("layers") + ":"));
      this._now = summary.appendChild(el("span", "o-layer-now"));
      this._radios = new Map();
      this._checks = new Map();
      box.appendChild(this._choices());
      box.appendChild(this._overlays());
      box.appendChild(Outreach.button("o-act", Outreach.say("show_weeks"), this._openWeeks.bind(this)));
      box.addEventListener("keydown", this._onKey.bind(this));
      map.on("click", this._close, this);
      this.options.data.on("look", this._mark, this);
      this._mark();
      return box;
    },
    _choices: function () {
      const group = el("fieldset");
      group.appendChild(el("legend", null, Outreach.say("colour_by")));
      // On a phone the box lies over the map: it closes for the finger, never for the keyboard.
      group.addEventListener("pointerup", function () {
        if (Outreach.narrow()) setTimeout(this._close.bind(this), 250);
      }.bind(this));
      Outreach.layerNames.forEach(function (name) {
        const radio = el("input");
        radio.type = "radio";
        radio.name = "layer";
        radio.value = name;
        radio.addEventListener("change", function () { this.lens.choose(name); }.bind(this));
        this._radios.set(name, radio);
        group.appendChild(line(radio, Outreach.say("layer_" + name)));
      }, this);
      return group;
    },
    _overlays: function () {
      const group = el("fieldset");
      group.appendChild(el("legend", null, Outreach.say("also_show")));
      [["bubbles", "sign_ups"], ["villages", "villages"]].forEach(function (pair) {
        const layer = this.options[pair[0]];
        const check = el("input");
        check.type = "checkbox";
        check.checked = true;
        check.addEventListener("change", function () {
          if (check.checked) this._map.addLayer(layer);
          else this._map.removeLayer(layer);
          this.options.data.fire("look");
        }.bind(this));
        this._checks.set(pair[0], check);
        group.appendChild(line(check, Outreach.say(pair[1])));
      }, this);
      return group;
    },
    _openWeeks: function () {
      this._close();
      Outreach.openWeeks();
    },
    _onKey: function (event) {
      if (event.key !== "Escape" || !this._box.open) return;
      event.stopPropagation();
      this._close();
      this._box.querySelector("summary").focus();
    },
    _close: function () { this._box.open = false; },
    _mark: function () {
      this._radios.get(this.lens.layer).checked = true;
      this._checks.get("bubbles").disabled = !this.options.bubbles.counts();
      this._now.textContent = Outreach.say("layer_" + this.lens.layer);
    },
  });
  function line(input, text) {
    const label = el("label");
    label.appendChild(input);
    label.appendChild(el("span", null, text));
    return label;
  }
  function icon() {
    const picture = Outreach.svg("svg", { width: 22, height: 22, viewBox: "0 0 24 24", "aria-hidden": "true" });
    ["M12 3 2 8.5 12 14l10-5.5Z", "m2 12.5 10 5.5 10-5.5", "m2 16.5 10 5.5 10-5.5"].forEach(function (d, i) {
      picture.appendChild(Outreach.svg("path", { d: d, fill: i ? "none" : "#2f8ea3", stroke: "#123f6d", "stroke-width": 1.6, "stroke-linejoin": "round" }));
    });
    return picture;
  }
})();
