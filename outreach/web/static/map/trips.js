/* Day-trips of a plan: one line per team and day from the base and back, stops in their order. */
(function () {
  "use strict";
  const el = Outreach.el;
  /* Told apart by colour and, for teams after the first, by dashes as well. */
  const COLOURS = ["#0b3f8c", "#c2510a", "#1b7a3d", "#8a1f78", "#0e7c86", "#7a5200"];
  /* With more trips than this, stops carry no numbers and cannot be reached by keyboard one by one. */
  const FEW = 12;
  const DASHES = [null, "9 5", "2 6", "12 4 2 4", "5 5", "14 6"];

  Outreach.TripFilter = L.Control.extend({
    options: { position: "topright" },
    onAdd: function (map) {
      this._plan = this.options.plan;
      this._lines = L.layerGroup().addTo(map);
      this._box = el("details", "o-box o-trips");
      this._box.open = !Outreach.narrow();
      this._box.setAttribute("aria-label", Outreach.say("trips"));
      this._sum = el("span", "o-sub");
      this._sum.setAttribute("role", "status");
      this._box.appendChild(el("summary")).appendChild(this._sum);
      L.DomEvent.disableClickPropagation(this._box);
      L.DomEvent.disableScrollPropagation(this._box);
      this._teams = this._choice("team", "all_teams", this._plan.teams);
      const days = Array.from(new Set(this._plan.trips.day)).sort();
      this._days = this._choice("day", "all_days", days.map(readDay, this.options.language), days);
      if (this._plan.trips.day.length > FEW) this._days.value = next(days, this.options.today);
      this._list = el("ol");
      this._box.appendChild(this._list);
      this._map = map;
      this._bases();
      return this._box;
    },
    /* Drawn once the box stands on the page: before, it has no size for the margins. */
    addTo: function (map) {
      L.Control.prototype.addTo.call(this, map);
      this._draw(true);
      return this;
    },
    _choice: function (word, all, texts, values) {
      const label = el("label", null, Outreach.say(word));
      const choice = el("select");
      choice.appendChild(new Option(Outreach.say(all), ""));
      texts.forEach(function (text, i) { choice.appendChild(new Option(text, values ? values[i] : String(i))); });
      choice.addEventListener("change", this._draw.bind(this, true));
      label.appendChild(choice);
      this._box.appendChild(label);
      return choice;
    },
    _bases: function () {
      this._plan.bases.lat.forEach(function (lat, team) {
        const icon = L.divIcon({ className: "o-base", iconSize: [14, 14], html: false });
        const at = [lat, this._plan.bases.lon[team]];
        L.marker(at, { icon: icon, keyboard: false })
          .bindTooltip(el("span", null, Outreach.say("base_of", { team: this._plan.teams[team] })))
          .addTo(this._map);
      }, this);
    },
    _chosen: function () {
      const trips = this._plan.trips;
      return trips.team.map(function (_, i) { return i; }).filter(function (i) {
        return (this._teams.value === "" || String(trips.team[i]) === this._teams.value) &&
          (this._days.value === "" || trips.day[i] === this._days.value);
      }, this);
    },
    _draw: function (fit) {
      const chosen = this._chosen();
      this._lines.clearLayers();
      this._list.textContent = "";
      let stops = 0;
      const bounds = L.latLngBounds([]);
      chosen.forEach(function (i) {
        bounds.extend(this._drawTrip(i, chosen.length <= FEW));
        stops += this._stopsOf(i).length;
      }, this);
      this._sum.textContent = chosen.length
        ? Outreach.say("trips_shown", { trips: chosen.length, stops: stops })
        : Outreach.say("no_trips");
      if (fit && bounds.isValid()) {
        this._map.fitBounds(bounds, Object.assign(this._margins(), { maxZoom: 14, animate: false }));
      }
      Outreach.mark("trips");
    },
    /* The box of trips covers what lies behind it: the right side, or on phones the top. */
    _margins: function () {
      const small = Outreach.narrow();
      return {
        paddingTopLeft: [30, small ? this._box.offsetHeight + 30 : 30],
        paddingBottomRight: [small ? 30 : this._box.offsetWidth + 40, 30],
      };
    },
    _stopsOf: function (trip) {
      const rows = [];
      this._plan.stops.trip.forEach(function (of, row) { if (of === trip) rows.push(row); });
      return rows;
    },
    _drawTrip: function (i, numbered) {
      const trips = this._plan.trips;
      const team = trips.team[i];
      const base = [this._plan.bases.lat[team], this._plan.bases.lon[team]];
      const stops = this._stopsOf(i);
      const points = [base].concat(stops.map(this._at, this), [base]);
      const colour = COLOURS[team % COLOURS.length];
      const line = L.polyline(points, {
        color: colour, weight: numbered ? 3 : 1.3, opacity: numbered ? 0.8 : 0.5, dashArray: DASHES[team % DASHES.length],
      });
      line.bindTooltip(el("span", null, this._say(i, stops.length)), { sticky: true }).addTo(this._lines);
      stops.forEach(function (row, k) { this._drawStop(row, k + 1, colour, numbered); }, this);
      this._listTrip(i, stops.length, colour);
      return L.latLngBounds(points);
    },
    _at: function (row) {
      return [this._plan.stops.lat[row], this._plan.stops.lon[row]];
    },
    _say: function (i, stops) {
      const trips = this._plan.trips;
      return Outreach.say("trip_line", {
        day: readDay.call(this.options.language, trips.day[i]), team: this._plan.teams[trips.team[i]],
        stops: stops, hours: Outreach.number(Math.round(trips.travel_minutes[i] / 6) / 10),
      });
    },
    _drawStop: function (row, order, colour, numbered) {
      const stops = this._plan.stops;
      const size = numbered ? 22 : 8;
      const icon = L.divIcon({ className: "o-stop", iconSize: [size, size], html: el("span", null, numbered ? String(order) : "") });
      const text = Outreach.say("stop_line", { order: order, name: stops.name[row], time: stops.time[row] });
      const marker = L.marker(this._at(row), { icon: icon, keyboard: numbered });
      marker.bindTooltip(el("span", null, text)).addTo(this._lines);
      marker.getElement().style.borderColor = colour;
      if (numbered) marker.getElement().setAttribute("aria-label", text);
      marker.on("click keypress", function (event) {
        const key = event.originalEvent && event.originalEvent.key;
        if (!key || key === "Enter") Outreach.tell({ open: stops.code[row] });
      });
    },
    _listTrip: function (i, stops, colour) {
      const line = Outreach.button("o-row o-trip", null, function () {
        this._teams.value = String(this._plan.trips.team[i]);
        this._days.value = this._plan.trips.day[i];
        this._draw(true);
      }.bind(this));
      const swatch = el("i", "o-swatch");
      swatch.style.background = colour;
      line.appendChild(swatch);
      line.appendChild(el("span", null, this._say(i, stops)));
      this._list.appendChild(el("li")).appendChild(line);
    },
  });
  /* The first day from today on; of a plan that is over, its last. */
  function next(days, today) {
    return days.find(function (day) { return day >= today; }) || days[days.length - 1];
  }
  function readDay(iso) {
    const language = String(this);
    const format = new Intl.DateTimeFormat(language, { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" });
    return format.format(new Date(iso + "T00:00:00Z"));
  }
})();
