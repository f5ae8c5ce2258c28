/* Asks every two seconds what has changed; rests while nobody looks. */
(function () {
  "use strict";
  Outreach.Live = L.Class.extend({
    initialize: function (options) { L.setOptions(this, options); },
    addTo: function () {
      this.data = this.options.data;
      this._failed = 0;
      this.data.on("villages", this._begin, this);
      return this;
    },
    _begin: function () {
      document.addEventListener("visibilitychange", function () {
        if (!document.hidden) this._look();
      }.bind(this));
      this._wait();
    },
    _wait: function () {
      clearTimeout(this._timer);
      // A server that does not answer is asked less and less often, at the least every half minute.
      const pause = Math.min(30000, this.options.interval * Math.pow(2, this._failed));
      this._timer = setTimeout(this._look.bind(this), pause);
    },
    _look: function () {
      clearTimeout(this._timer);
      if (document.hidden || this._looking) return;
      this._looking = true;
      Outreach.ask("changes", { since: String(this.data.version) })
        .then(this._take.bind(this))
        .catch(this._miss.bind(this))
        .then(function () {
          this._looking = false;
          this._wait();
        }.bind(this));
    },
    _take: function (changes) {
      if (this._failed) Outreach.notice("");
      this._failed = 0;
      if (!changes) return null;
      if (changes.reload) return this.data.reload();
      return this.data.take(changes);
    },
    _miss: function () {
      this._failed += 1;
      Outreach.notice(Outreach.say("not_live"));
    },
  });
})();
