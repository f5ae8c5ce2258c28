/* Mouse and finger: a tip while pointing, a village's popup or the next level down on a click. */
(function () {
  "use strict";
  Outreach.Pointer = L.Class.extend({
    initialize: function (options) { L.setOptions(this, options); },
    addTo: function (map) {
      this._map = map;
      this.data = this.options.data;
      map.on("mousemove", this._onMove, this).on("mouseout", this._leave, this).on("click", this._onClick, this);
      map.on("zoomstart movestart", this._leave, this);
      Outreach.openVillage = this.open.bind(this);
      return this;
    },
    _onMove: function (event) {
      if (Outreach.isMoving(this._map) || this._isReading()) return this._leave();
      const row = this._villageAt(event.layerPoint);
      const region = row === null ? this._regionAt(event.latlng) : null;
      this._map.getContainer().style.cursor = row === null && !region ? "" : "pointer";
      const meant = region && this._meant(region.code);
      this.options.areas.hover(meant);
      if (row !== null) this._tipVillage(row);
      else if (region && this._map.getZoom() < 12) this._tipArea(meant, event.latlng);
      else this._hideTip();
    },
    _isReading: function () {
      return this._map._popup && this._map._popup.isOpen();
    },
    _leave: function () {
      this._hideTip();
      this.options.areas.hover(null);
    },
    _villageAt: function (point) {
      return this._map.hasLayer(this.options.villages) ? this.options.villages.at(point) : null;
    },
    /* The finest region drawn at a place: its district when near, else its regency. */
    _regionAt: function (latlng) {
      const x = Outreach.x(latlng.lng);
      const y = Outreach.y(latlng.lat);
      const districts = [];
      if (this._map.getZoom() >= 9) {
        this.data.byCode.forEach(function (region, code) {
          if (code.length === Outreach.level.district) districts.push(region);
        });
      }
      const inside = function (region) { return Outreach.within(region, x, y); };
      return districts.find(inside) || this.data.regions.find(inside) || null;
    },
    _tip: function (latlng, content, direction) {
      if (!this._bubble) {
        this._bubble = L.tooltip({ className: "o-tip", opacity: 1, offset: [0, 0] });
      }
      this._bubble.options.direction = direction;
      this._bubble.options.offset = L.point(direction === "top" ? [0, -6] : [16, 0]);
      this._bubble.setLatLng(latlng).setContent(content);
      if (!this._map.hasLayer(this._bubble)) this._bubble.addTo(this._map);
    },
    _hideTip: function () {
      this._tipped = null;
      if (this._bubble) this._bubble.remove();
    },
    _tipArea: function (code, latlng) {
      this._tipped = code;
      const point = this._map.latLngToContainerPoint(latlng);
      this._tip(latlng, Outreach.areaCard(this.data, code), "auto");
      if (point.x > this._map.getSize().x - 260) this._bubble.options.direction = "left";
    },
    _tipVillage: function (row) {
      if (this._tipped === row) return;
      this._hideTip();
      this._tipped = row;
      this.data.village(row).then(function (village) {
        if (this._tipped !== row) return;
        this._tip([village.lat, village.lon], Outreach.villageCard(this.data, village, false), "top");
      }.bind(this)).catch(function () {});
    },
    _onClick: function (event) {
      const row = this._villageAt(event.layerPoint);
      if (row !== null) return this.open(row);
      const region = this._regionAt(event.latlng);
      if (region && this._isOwn(region.code)) this.data.select(this._meant(region.code));
    },
    _isOwn: function (code) {
      return Boolean(this.data.counts(code.slice(0, Outreach.level.regency)));
    },
    /* What a click chooses, and so what is named before it: one level below the chosen area;
     * beside it, the sibling of the chosen area. What is larger than the window is not meant. */
    _meant: function (code) {
      if (!this._isOwn(code)) return code;
      const area = this.data.area;
      const next = { 0: 2, 2: 5, 5: 8, 8: 8 };
      let length = Outreach.lies(code, area) ? next[area.length] : Math.max(2, area.length);
      while (length < code.length && !this._fits(code.slice(0, length))) length += 3;
      return code.slice(0, length);
    },
    _fits: function (code) {
      const box = this.data.box(code);
      return !box || this._map.getZoom() <= this._map.getBoundsZoom(Outreach.bounds(box));
    },
    open: function (row) {
      this._hideTip();
      this.options.villages.choose(row);
      return this.data.village(row).then(this._popup.bind(this)).catch(function () {
        this.options.villages.choose(null);
        Outreach.notice(Outreach.say("no_answer"));
      }.bind(this));
    },
    _popup: function (village) {
      const small = Outreach.narrow();
      const popup = L.popup({
        className: "o-popup", offset: [0, -4], minWidth: 180, maxWidth: small ? 240 : 300,
        autoPanPaddingTopLeft: [12, small ? 150 : 24], autoPanPaddingBottomRight: [12, small ? 110 : 24],
      });
      const villages = this.options.villages;
      popup.on("remove", function () {
        if (villages._chosen === village.row) villages.choose(null);
      });
      popup.setLatLng([village.lat, village.lon]);
      popup.setContent(Outreach.villageCard(this.data, village, true)).openOn(this._map);
      const close = popup.getElement().querySelector(".leaflet-popup-close-button");
      close.setAttribute("aria-label", Outreach.say("close"));
      this._follow(popup, village);
      Outreach.mark("popup");
    },
    /* A session logged while the popup is open shows in it. */
    _follow: function (popup, village) {
      const data = this.data;
      function refresh() {
        data.village(village.row).then(function (now) {
          popup.setContent(Outreach.villageCard(data, now, true));
        }).catch(function () {});
      }
      data.on("state", refresh);
      popup.on("remove", function () { data.off("state", refresh); });
    },
  });
})();
