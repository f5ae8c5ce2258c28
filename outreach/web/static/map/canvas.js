/* A canvas that moves with the map; the layers draw on it in map units. */
(function () {
  "use strict";
  const phone = L.Browser.mobile;
  const FRAME_MS = 16;
  const wanting = new Set();
  let asked = false;

  function paintSoon(layer) {
    wanting.add(layer);
    if (asked) return;
    asked = true;
    requestAnimationFrame(paintWanting);
  }
  /* The lowest first; what no longer fits into this frame waits for the next. */
  function paintWanting() {
    const until = performance.now() + FRAME_MS;
    const layers = Array.from(wanting).sort(function (a, b) { return a.stacking - b.stacking; });
    asked = false;
    wanting.clear();
    layers.forEach(function (layer) {
      if (performance.now() < until) layer._paint();
      else paintSoon(layer);
    });
  }

  Outreach.Canvas = L.Renderer.extend({
    options: { padding: phone ? 0.05 : 0.15, pane: "overlayPane", interactive: false },
    stacking: 1,
    initialize: function (options) {
      L.setOptions(this, options);
      L.stamp(this);
      this._layers = {};
      this.data = options.data;
    },
    _initContainer: function () {
      this._container = L.DomUtil.create("canvas", "outreach-canvas");
      this._container.style.zIndex = this.stacking;
      this._container.setAttribute("aria-hidden", "true");
      this._ctx = this._container.getContext("2d");
    },
    _destroyContainer: function () {
      if (this._container) L.DomUtil.remove(this._container);
      delete this._container;
      delete this._ctx;
    },
    _updatePaths: function () {},
    /* What is drawn moves along, scaled, until it is drawn anew in the next frame. */
    _update: function () {
      if (this._map._animatingZoom && this._bounds) return;
      this._moved = true;
      this.redraw();
    },
    _updateTransform: function (center, zoom) {
      if (this._center) L.Renderer.prototype._updateTransform.call(this, center, zoom);
    },
    _reset: function () {
      this._update();
      this._updateTransform(this._map.getCenter(), this._map.getZoom());
    },
    _place: function () {
      L.Renderer.prototype._update.call(this);
      const canvas = this._container;
      const size = this._bounds.getSize();
      // Three device pixels to one cost a cheap phone nine times the work and show nothing more.
      const ratio = Math.min(window.devicePixelRatio || 1, phone ? 1.5 : 2);
      L.DomUtil.setPosition(canvas, this._bounds.min);
      if (canvas.width !== size.x * ratio || canvas.height !== size.y * ratio) {
        canvas.width = size.x * ratio;
        canvas.height = size.y * ratio;
        canvas.style.width = size.x + "px";
        canvas.style.height = size.y + "px";
      }
      this._ctx.setTransform(ratio, 0, 0, ratio, -this._bounds.min.x * ratio, -this._bounds.min.y * ratio);
    },
    redraw: function () {
      if (this._map && this._ctx) paintSoon(this);
      return this;
    },
    _paint: function () {
      if (!this._map || !this._ctx) return;
      if (this._moved && !(this._map._animatingZoom && this._bounds)) {
        this._moved = false;
        this._place();
      }
      const b = this._bounds;
      const size = b.getSize();
      this._ctx.clearRect(b.min.x, b.min.y, size.x, size.y);
      this.draw(this._ctx, this._see());
    },
    /* How map units become pixels now, and the part of the map that shows. */
    _see: function () {
      const zoom = this._map.getZoom();
      const scale = Math.pow(2, zoom);
      const origin = this._map.getPixelOrigin();
      const b = this._bounds;
      return {
        zoom: zoom, scale: scale, left: origin.x, top: origin.y,
        box: [
          (b.min.x + origin.x) / scale, (b.min.y + origin.y) / scale,
          (b.max.x + origin.x) / scale, (b.max.y + origin.y) / scale,
        ],
      };
    },
    listenTo: function (events) {
      this.data.on(events, this.redraw, this);
    },
  });
  Outreach.shows = function (box, see) {
    const b = see.box;
    return box[0] <= b[2] && box[2] >= b[0] && box[1] <= b[3] && box[3] >= b[1];
  };
  Outreach.isMoving = function (map) {
    return phone || map._animatingZoom || (map.dragging && map.dragging.moving());
  };
})();
