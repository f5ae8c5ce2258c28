/* Where the map looks: follows the chosen area, and tells the page, which keeps it in its address. */
(function () {
  "use strict";
  const NATION = [[-10.95, 95.0], [5.95, 141.0]];

  Outreach.View = L.Class.extend({
    initialize: function (options) { L.setOptions(this, options); },
    addTo: function (map) {
      this._map = Outreach.map = map;
      this.data = this.options.data;
      map.getContainer().setAttribute("aria-label", Outreach.say("map"));
      this.data.on("area", this._onArea, this);
      map.on("moveend", this._tell, this);
      Outreach.whenGo(this._go.bind(this));
      this.data.on("regions", this._onRegions, this);
      return this;
    },
    /* The first look: the place in the address, else the area, else all there is to see. */
    _onRegions: function () {
      this._loaded = true;
      if (this._asked) return this._go(this._asked);
      return this.showArea(this.data.area, false);
    },
    _go: function (view) {
      this._asked = view;
      if (!this._loaded) return;
      this._still = true;
      if (view.area !== undefined && view.area !== this.data.area) {
        this._map.closePopup(); // of a village of the area before
        this.data.select(view.area);
      }
      this._still = false;
      if (view.zoom) this._map.setView([view.lat, view.lon], view.zoom, { animate: false });
      else this.showArea(this.data.area, false);
    },
    _onArea: function () {
      if (this._still) return; // whoever keeps it still moves the map next, which tells
      this._tell(true);
      this.showArea(this.data.area, true);
    },
    showArea: function (area, animate) {
      const box = this.data.box(area);
      const wait = !box && area.length === Outreach.level.district;
      if (wait) this._whenDistrictsCome(area, animate);
      const bounds = box ? Outreach.bounds(box) : L.latLngBounds(NATION);
      if (!wait) this._fit(bounds, animate !== false);
    },
    _whenDistrictsCome: function (area, animate) {
      this.data.once("districts", function () {
        if (this.data.area === area && this.data.box(area)) this.showArea(area, animate);
      }, this);
      this.data.districtsOf(area.slice(0, 2));
    },
    _fit: function (bounds, animate) {
      const options = Object.assign({ maxZoom: 13, animate: animate, duration: 0.5 }, this._margins(bounds));
      const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
      if (animate && !calm) this._map.flyToBounds(bounds, options);
      else this._map.fitBounds(bounds, Object.assign(options, { animate: false }));
    },
    /* What the cards leave free: of a part of the nation the side or the height that shows it larger. */
    _margins: function (bounds) {
      const nation = this.data.area === "";
      this._map.getContainer().classList.toggle("o-nation", nation); // its legend lies flat, below Papua
      if (Outreach.narrow()) return { paddingTopLeft: [10, 96], paddingBottomRight: [10, 104] };
      const wide = window.innerWidth >= 1000;
      if (nation || !wide) return { paddingTopLeft: [24, 24], paddingBottomRight: [24, nation ? (wide ? 100 : 150) : 40] };
      const left = this._size(".o-summary"), right = this._size(".o-legend");
      const between = { paddingTopLeft: [left.x, 24], paddingBottomRight: [Math.max(right.x, this._size(".o-layers").x), 24] };
      const above = { paddingTopLeft: [24, 72], paddingBottomRight: [24, Math.max(left.y, right.y)] };
      return this._zoomIn(bounds, above) > this._zoomIn(bounds, between) ? above : between;
    },
    /* How much a card at the foot takes, with some space beside it. */
    _size: function (selector) {
      const card = this._map.getContainer().querySelector(selector);
      return card ? L.point(card.offsetWidth + 34, card.offsetHeight + 34) : L.point(24, 24);
    },
    _zoomIn: function (bounds, margins) {
      const taken = L.point(margins.paddingTopLeft).add(margins.paddingBottomRight);
      return this._map.getBoundsZoom(bounds, false, taken);
    },
    showPlace: function (lat, lon, zoom) {
      this._map.setView([lat, lon], Math.max(zoom, this._map.getZoom()));
    },
    /* A place and the area around it, chosen together: one step, to the place. */
    showPlaceIn: function (area, lat, lon) {
      this._still = true;
      const isNew = area !== this.data.area;
      this.data.select(area);
      this._still = false;
      if (isNew) this._tell(true);
      this.showPlace(lat, lon, 13);
    },
    /* A chosen area is a step, to which the page's "back" returns; a mere move is none. */
    _tell: function (chosen) {
      if (!this._loaded) return;
      const at = this._map.getCenter();
      const view = { area: this.data.area, zoom: this._map.getZoom(), lat: at.lat, lon: at.lng };
      Outreach.tell({ view: view, chosen: chosen === true });
    },
  });
})();
(function () {
  "use strict";
  Outreach.Zoom = L.Control.Zoom.extend({ options: { position: "topleft" } });
  Outreach.begin = function (data) {
    Outreach.data = data;
    data.start().catch(function (reason) {
      Outreach.notice(Outreach.say("no_answer"));
      throw reason;
    });
  };
})();
