/* Reads the binary answers: the places of all villages, and one byte of state for each. */
(function () {
  "use strict";
  function check(bytes, sign) {
    const found = String.fromCharCode.apply(null, bytes.subarray(0, 4));
    if (found !== sign) throw new Error("expected " + sign + ", got " + found);
  }
  function dotted(digits) {
    const text = String(digits).padStart(4, "0");
    return text.slice(0, 2) + "." + text.slice(2);
  }
  Outreach.readPlaces = async function (buffer) {
    const bytes = new Uint8Array(buffer);
    check(bytes, "OMP2");
    const head = new DataView(buffer);
    const n = head.getUint32(4, true);
    const count = head.getUint32(8, true);
    const bounds = [0, 1, 2, 3].map(function (i) { return head.getFloat32(12 + 4 * i, true); });
    const regencies = [];
    const starts = new Uint32Array(count + 1);
    let at = 28;
    for (let r = 0; r < count; r++, at += 4) {
      regencies.push(dotted(head.getUint16(at, true)));
      starts[r + 1] = starts[r] + head.getUint16(at + 2, true);
    }
    const x = new Float32Array(n);
    const y = new Float32Array(n);
    const stepX = (bounds[2] - bounds[0]) / 65535;
    const stepY = (bounds[3] - bounds[1]) / 65535;
    await Outreach.inSlices(n, 20000, function (first, end) {
      for (let i = first; i < end; i++) {
        x[i] = Outreach.x(bounds[0] + (bytes[at + i] | (bytes[at + n + i] << 8)) * stepX);
        y[i] = Outreach.quickY(bounds[1] + (bytes[at + 2 * n + i] | (bytes[at + 3 * n + i] << 8)) * stepY);
      }
    });
    const bits = bytes.slice(at + 4 * n);
    return { n: n, x: x, y: y, regencies: regencies, starts: starts, approximate: bits };
  };
  Outreach.readState = function (buffer) {
    const bytes = new Uint8Array(buffer);
    check(bytes, "OMS1");
    const version = Number(new DataView(buffer).getBigUint64(4, true));
    return { version: version, bytes: bytes.slice(12) };
  };
})();
