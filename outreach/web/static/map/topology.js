/* Reads TopoJSON into flat rings in map units, and sorts the borders by what they part. */
(function () {
  "use strict";
  /* Points in map units. `box` lies around them; `twist` is their part of the shoelace formula, of
     which those along a ring add up to twice its area. */
  function readArc(arc, transform) {
    const n = arc.length;
    const flat = new Float32Array(n * 2);
    const box = [1e9, 1e9, -1e9, -1e9];
    let east = 0;
    let north = 0;
    let twist = 0;
    let lastX = 0;
    let lastY = 0;
    for (let i = 0; i < n; i++) {
      east += arc[i][0];
      north += arc[i][1];
      const x = Outreach.x(east * transform.scale[0] + transform.translate[0]);
      const y = Outreach.quickY(north * transform.scale[1] + transform.translate[1]);
      flat[2 * i] = x;
      flat[2 * i + 1] = y;
      if (x < box[0]) box[0] = x;
      if (y < box[1]) box[1] = y;
      if (x > box[2]) box[2] = x;
      if (y > box[3]) box[3] = y;
      if (i) twist += lastX * y - x * lastY;
      lastX = x;
      lastY = y;
    }
    flat.box = box;
    flat.twist = twist;
    return flat;
  }
  function stretch(box, by) {
    box[0] = Math.min(box[0], by[0]);
    box[1] = Math.min(box[1], by[1]);
    box[2] = Math.max(box[2], by[2]);
    box[3] = Math.max(box[3], by[3]);
  }
  /* A ring is the arcs it walks along, `backwards` those it walks the other way. */
  function readRing(numbers, arcs) {
    return numbers.map(function (number) {
      return { points: arcs[number < 0 ? ~number : number], backwards: number < 0 };
    });
  }
  /* In squared map units. */
  function ringArea(ring) {
    let sum = 0;
    for (const arc of ring) sum += arc.backwards ? -arc.points.twist : arc.points.twist;
    return Math.abs(sum) / 2;
  }
  function readRegion(geometry, arcs) {
    const box = [1e9, 1e9, -1e9, -1e9];
    const polygons = geometry.arcs.map(function (polygon) {
      return polygon.map(function (numbers) { return readRing(numbers, arcs); });
    });
    let size = 0;
    polygons.forEach(function (rings) {
      rings[0].forEach(function (arc) { stretch(box, arc.points.box); });
      size += ringArea(rings[0]);
    });
    const at = geometry.properties.p;
    return {
      code: geometry.id, polygons: polygons, box: box, size: size,
      x: Outreach.x(at[0]), y: Outreach.y(at[1]),
    };
  }
  /* Borders: `edge` belong to one region; `major` part two parents (the first `length` signs of the
     code); `minor` part two regions of one parent; `outlines` holds the lines around each parent. */
  function readBorders(geometries, arcs, length) {
    const users = new Map();
    geometries.forEach(function (geometry) {
      geometry.arcs.flat(2).forEach(function (number) {
        const key = number < 0 ? ~number : number;
        if (!users.has(key)) users.set(key, []);
        users.get(key).push(geometry.id.slice(0, length));
      });
    });
    const borders = { edge: [], major: [], minor: [], outlines: new Map() };
    users.forEach(function (parents, key) {
      const kind = parents.length < 2 ? "edge" : parents[0] === parents[1] ? "minor" : "major";
      borders[kind].push(arcs[key]);
      if (kind === "minor") return;
      parents.forEach(function (parent) {
        if (!borders.outlines.has(parent)) borders.outlines.set(parent, []);
        borders.outlines.get(parent).push(arcs[key]);
      });
    });
    return borders;
  }
  Outreach.readTopology = async function (document, parentLength) {
    const arcs = await eachInSlices(document.arcs, function (arc) { return readArc(arc, document.transform); });
    const geometries = document.objects.a.geometries;
    const regions = await eachInSlices(geometries, function (geometry) { return readRegion(geometry, arcs); });
    return { regions: regions, borders: readBorders(geometries, arcs, parentLength) };
  };
  async function eachInSlices(list, make) {
    const made = new Array(list.length);
    await Outreach.inSlices(list.length, 20, function (first, end) {
      for (let i = first; i < end; i++) made[i] = make(list[i]);
    });
    return made;
  }
  /* Whether a line from the point to the west crosses the borders an odd number of times. */
  Outreach.within = function (region, x, y) {
    const box = region.box;
    if (x < box[0] || x > box[2] || y < box[1] || y > box[3]) return false;
    let inside = false;
    region.polygons.flat(2).forEach(function (arc) {
      if (crossings(arc.points, x, y) % 2) inside = !inside;
    });
    return inside;
  };
  function crossings(q, x, y) {
    let found = 0;
    for (let a = 2, b = 0; a < q.length; b = a, a += 2) {
      const between = q[a + 1] > y !== q[b + 1] > y;
      if (between && x < ((q[b] - q[a]) * (y - q[a + 1])) / (q[b + 1] - q[a + 1]) + q[a]) found += 1;
    }
    return found;
  }
})();
