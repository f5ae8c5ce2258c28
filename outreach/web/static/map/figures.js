/* Reads the binary answers behind the layers: a class for every village, and its first week. */
(function () {
  "use strict";
  function check(bytes, sign) {
    const found = String.fromCharCode.apply(null, bytes.subarray(0, 4));
    if (found !== sign) throw new Error("expected " + sign + ", got " + found);
  }
  Outreach.readClasses = function (buffer) {
    const bytes = new Uint8Array(buffer);
    check(bytes, "OML1");
    return bytes.slice(12);
  };
  /* `start` is the first Monday in days from 1970, `rows` the week of every village or 0. */
  Outreach.readWeeks = function (buffer) {
    const bytes = new Uint8Array(buffer);
    check(bytes, "OMW1");
    const head = new DataView(buffer);
    const n = (bytes.length - 20) / 2;
    const rows = new Uint16Array(n);
    for (let i = 0; i < n; i++) rows[i] = bytes[20 + i] | (bytes[20 + n + i] << 8);
    return { start: head.getInt32(12, true), count: head.getUint32(16, true), rows: rows };
  };
})();
