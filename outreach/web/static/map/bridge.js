/* The frame may fetch nothing itself: it asks the page around it, which fetches what it knows. */
(function () {
  "use strict";
  const waiting = new Map();
  let last = 0;
  let onGo = null;
  let gone = null;

  function post(message) {
    window.parent.postMessage(message, window.location.origin);
  }
  function settle(asked, message) {
    if (message.error !== undefined) return asked.reject(new Error("asked and refused: " + message.error));
    return asked.resolve(message.json ? JSON.parse(new TextDecoder().decode(message.body)) : message.body);
  }
  window.addEventListener("message", function (event) {
    if (event.source !== window.parent || !event.data) return;
    const message = event.data;
    if (waiting.has(message.answer)) {
      const asked = waiting.get(message.answer);
      waiting.delete(message.answer);
      settle(asked, message);
    } else if (message.go) {
      gone = message.go;
      if (onGo) onGo(gone);
    }
  });
  post({ listens: true });

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
