// Says so when the page does not open: a file of it was lost on the way, or the browser is too old
// for modules. So this is no module, needs none, and is written for browsers of ten years ago.
(function () {
  "use strict";
  var PATIENCE_SECONDS = 20;
  var loading = document.querySelector("[data-frame=loading]");
  var stuck = document.querySelector("[data-frame=stuck]");
  var waited = 0;

  window.setInterval(function () {
    // Not seen is also what lies under the lock: that waits for a person.
    waited = loading.offsetParent === null ? 0 : waited + 1;
    stuck.hidden = waited < PATIENCE_SECONDS;
  }, 1000);
}());
