/* The frame may fetch nothing itself: it asks the page around it, which fetches what it knows. */
(function () {
  "use strict";
  const waiting = new Map();
  const queue = [];
  let ready = false;
  let last = 0;
  let onGo = null;
  let gone = null;

  function post(message) {
    // Our own address is opaque and so cannot name the parent's; `frame-ancestors` chose the parent.
    if (ready) window.parent.postMessage(message, "*");
    else queue.push(message);
  }
  window.addEventListener("message", function (event) {
    if (event.source !== window.parent || !event.data) return;
    const message = event.data;
    if (message.ready) {
      ready = true;
      queue.splice(0).forEach(post);
    } else if (waiting.has(message.answer)) {
      const asked = waiting.get(message.answer);
      waiting.delete(message.answer);
      if (message.error === undefined) asked.resolve(message.body);
      else asked.reject(new Error("asked and refused: " + message.error));
    } else if (message.go) {
      gone = message.go;
      if (onGo) onGo(gone);
    }
  });
  window.parent.postMessage({ hello: true }, "*");

  /* The page may say where to look before the map is there: the last word is kept for it. */
  Outreach.whenGo = function (listener) {
    onGo = listener;
    if (gone) onGo(gone);
  };
  Outreach.tell = post;
  /* Answers the body: an ArrayBuffer, what JSON held, or null when there is nothing new. */
  Outreach.ask = function (name, args) {
    return new Promise(function (resolve, reject) {
      last += 1;
      waiting.set(last, { resolve: resolve, reject: reject });
      post({ ask: name, args: args || {}, id: last });
    });
  };
})();
