/* Reads TopoJSON into flat rings in map units, and sorts the borders by what they part. */
(function () {
  "use strict";
  function readArc(arc, transform) {
    const n = arc.length;
    const flat = new Float64Array(n * 2);
    let x = 0;
    let y = 0;
    for (let i = 0; i < n; i++) {
      x += arc[i][0];
      y += arc[i][1];
      flat[2 * i] = Outreach.x(x * transform.scale[0] + transform.translate[0]);
      flat[2 * i + 1] = Outreach.y(y * transform.scale[1] + transform.translate[1]);
    }
    flat.box = [1e9, 1e9, -1e9, -1e9];
    stretch(flat.box, flat);
    return flat;
  }
  function lengthOf(numbers, arcs) {
    let length = 2; // every arc but the first begins where the one before it ends
    for (const number of numbers) length += arcs[number < 0 ? ~number : number].length - 2;
    return length;
  }
  function joinRing(numbers, arcs) {
    const points = new Float64Array(lengthOf(numbers, arcs));
    let at = 0;
    for (const number of numbers) {
      const arc = arcs[number < 0 ? ~number : number];
      const n = arc.length / 2;
      for (let step = at ? 1 : 0; step < n; step++) {
        const j = number < 0 ? n - 1 - step : step;
        points[at++] = arc[2 * j];
        points[at++] = arc[2 * j + 1];
      }
    }
    return points;
  }
  function stretch(box, ring) {
    for (let i = 0; i < ring.length; i += 2) {
      box[0] = Math.min(box[0], ring[i]);
      box[1] = Math.min(box[1], ring[i + 1]);
      box[2] = Math.max(box[2], ring[i]);
      box[3] = Math.max(box[3], ring[i + 1]);
    }
  }
  /* Signed area by the shoelace formula, in squared map units. */
  function ringArea(ring) {
    let sum = 0;
    for (let i = 0; i + 3 < ring.length; i += 2) {
      sum += ring[i] * ring[i + 3] - ring[i + 2] * ring[i + 1];
    }
    return Math.abs(sum) / 2;
  }
  function readRegion(geometry, arcs) {
    const box = [1e9, 1e9, -1e9, -1e9];
    const polygons = geometry.arcs.map(function (polygon) {
      return polygon.map(function (numbers) { return joinRing(numbers, arcs); });
    });
    let size = 0;
    polygons.forEach(function (rings) {
      stretch(box, rings[0]);
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
  Outreach.within = function (region, x, y) {
    const box = region.box;
    if (x < box[0] || x > box[2] || y < box[1] || y > box[3]) return false;
    let inside = false;
    region.polygons.forEach(function (rings) {
      rings.forEach(function (q) {
        for (let a = 0, b = q.length - 2; a < q.length; b = a, a += 2) {
          const crosses = q[a + 1] > y !== q[b + 1] > y;
          if (crosses && x < ((q[b] - q[a]) * (y - q[a + 1])) / (q[b + 1] - q[a + 1]) + q[a]) {
            inside = !inside;
          }
        }
      });
    });
    return inside;
  };
})();
