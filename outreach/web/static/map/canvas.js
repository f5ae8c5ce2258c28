/* A canvas that moves with the map, and the layers that draw on it in map units, lowest first.
 *
 * A canvas as large as the map takes several times its pixels of memory. So the layers share one,
 * and it has no pixels while none of them has anything to show.
 */
(function () {
  "use strict";
  const phone = L.Browser.mobile;

  const Sheet = L.Renderer.extend({
    options: { padding: phone ? 0.05 : 0.1, pane: "overlayPane", interactive: false },
    initialize: function (options) {
      L.setOptions(this, options);
      L.stamp(this);
      this._layers = {};
      this._drawn = [];
    },
    join: function (layer) {
      this._drawn.push(layer);
      this._drawn.sort(function (a, b) { return a.stacking - b.stacking; });
      this.redraw();
    },
    leave: function (layer) {
      this._drawn = this._drawn.filter(function (one) { return one !== layer; });
      this.redraw();
    },
    _initContainer: function () {
      this._container = L.DomUtil.create("canvas", "outreach-canvas");
      this._container.setAttribute("aria-hidden", "true");
      this._ctx = this._container.getContext("2d");
      this._fit(0, 0);
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
    /* Sets the pixels only if they are others: that empties a canvas and takes time. */
    _fit: function (width, height) {
      const canvas = this._container;
      if (canvas.width !== width) canvas.width = width;
      if (canvas.height !== height) canvas.height = height;
    },
    redraw: function () {
      if (this._asked || !this._map || !this._ctx) return;
      this._asked = true;
      requestAnimationFrame(this._paint.bind(this));
    },
    _paint: function () {
      this._asked = false;
      if (!this._map || !this._ctx) return;
      if (this._moved && !(this._map._animatingZoom && this._bounds)) {
        this._moved = false;
        L.Renderer.prototype._update.call(this);
        L.DomUtil.setPosition(this._container, this._bounds.min);
        this._seen = this._see();
      }
      const see = this._seen;
      const layers = this._drawn.filter(function (layer) { return layer.shows(see); });
      if (layers.length) this._ready();
      else this._fit(0, 0);
      this._draw(layers, see, phone && !this._unfinished);
    },
    /* On a phone each layer takes a frame of its own: all of them in one would let the next touch
     * wait. Who asks for the map anew before the last has it whole: frame by frame, as when the
     * split is dragged, it would never come to its names. */
    _draw: function (layers, see, apart) {
      if (this._asked || see !== this._seen || !this._ctx) return;
      layers.slice(0, apart ? 1 : layers.length).forEach(function (layer) {
        this._ctx.save(); // no layer hears of another's colours
        layer.draw(this._ctx, see);
        this._ctx.restore();
      }, this);
      this._unfinished = apart && layers.length > 1;
      if (this._unfinished) requestAnimationFrame(this._draw.bind(this, layers.slice(1), see, apart));
    },
    /* An empty canvas of the right size, on which layer points are where they are on the map. */
    _ready: function () {
      const b = this._bounds;
      const size = b.getSize();
      // Three device pixels to one cost a cheap phone nine times the work and show nothing more.
      const ratio = Math.min(window.devicePixelRatio || 1, phone ? 1.5 : 2);
      this._fit(Math.round(size.x * ratio), Math.round(size.y * ratio));
      this._container.style.width = size.x + "px";
      this._container.style.height = size.y + "px";
      this._ctx.setTransform(ratio, 0, 0, ratio, -b.min.x * ratio, -b.min.y * ratio);
      this._ctx.clearRect(b.min.x, b.min.y, size.x, size.y);
    },
    /* How map units become pixels, and the part of the map that shows: as when the canvas was laid
     * out last. While the map flies it has gone on from there, and the canvas with it. */
    see: function () { return this._seen; },
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
  });
  function sheetOf(map) {
    map._sheet = map._sheet || new Sheet().addTo(map);
    return map._sheet;
  }

  /* A layer says by `shows` whether it has anything to draw, and draws it. */
  Outreach.Canvas = L.Layer.extend({
    stacking: 1,
    /* What happens to the data that asks for it to be drawn anew. */
    events: "",
    initialize: function (options) {
      L.setOptions(this, options);
      this.data = options.data;
    },
    onAdd: function (map) {
      this._sheet = sheetOf(map);
      this._sheet.join(this);
      this.data.on(this.events, this.redraw, this);
    },
    onRemove: function () {
      this.data.off(this.events, this.redraw, this);
      this._sheet.leave(this);
    },
    redraw: function () {
      if (this._map) this._sheet.redraw();
      return this;
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
