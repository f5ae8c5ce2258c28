"""Draws: region shapes, the village columns, Folium pages and their layers.

Nothing here reads the database or the clock. The web hands in columns, gets bytes or a page back
and serves them. This docstring is the contract between the two.

The two pages of a map
----------------------
The *host* page (ours, with cookies) holds one frame and one module::

    <iframe data-outreach-map='{"areas": "/map/areas-1f3c.json", ...}'
            src="{{ url of the frame }}" title="..."
            sandbox="allow-scripts"></iframe>
    <script type="module" src="{{ static }}/map/host.js"></script>

The *frame* is the Folium page. Its origin is opaque: it has no cookies, no cache, and may fetch
nothing (`connect-src 'none'`). So the host fetches what the frame begins with, `script` and
`texts`, which a browser keeps for the host, and hands both over by `postMessage`; the frame runs
them under its nonce if they come from its own host's origin. All else it asks for by name, and the
host fetches only the addresses of the table in `data-outreach-map` (`safe.script_json` makes its
JSON; Jinja escapes it): `areas`, `stats`, `places` and `state` before they are asked for. Preloads
(`<link rel=preload as=fetch crossorigin>` of script, texts and stats) stand in the host; areas, the
largest of what is needed, has none: on a slow line the script would come with it, not before.

Routes the web provides (all but the last three narrowed to the person's area)
------------------------------------------------------------------------------
========= ================================ ==================================================
ask       address                          answer
========= ================================ ==================================================
frame     /map/frame?area=33.72            `national.national_page(...)`: `.html`, `.headers`
stats     /map/stats                       `columns.encode_stats`; ETag of the version
state     /map/state                       `columns.encode_state`; ETag of the version
places    /map/places-<hash>.bin           `artefacts.Store.open`, name from `keep_places`
changes   /map/changes?since={since}       204 empty, or `columns.encode_changes`,
                                           or `columns.encode_reload` when `since` is too old
details   /map/details/{code}              `columns.encode_details` of one regency
search    /map/search?q={q}                `columns.encode_results`
village   /villages/{code}                 the village's own page (the host navigates to it)
areas     /map/areas-<hash>.json           `Store.open`, name from `manifest["areas"]`
districts /map/districts/{code}            `Store.open(manifest["districts"][code])`, by province
texts     /map/texts-<hash>.json           `Store.open`, name from `keep_texts`
assets    /map/assets/<path>               `Store.open` below `assets/`: PUBLIC, no login, no
                                           `Cross-Origin-Resource-Policy: same-origin` header
                                           (one script with styles and pictures, `script_url`)
========= ================================ ==================================================

Asked for when a layer other than the first is chosen, or the weeks (all of them from `figures`):
`layers` (/map/layers, `encode_layers`: sums by regency, breaks and notes), `layer_villages`
(/map/layers/villages/{layer}, `encode_classes`), `layer_districts` (/map/layers/districts/{code} of
a province, `encode_district_layers`), `layer_details` (/map/layers/details/{code} of a regency,
`encode_village_layers`), `weeks` (/map/weeks, `encode_weeks`); each with the ETag of the version.
What is looked at stands in the address (`?layer=`, `?week=`, `?beside=`): the module
`manager/look.js` beside `host.js` keeps it there and tells the frame.

`{since}`, `{q}`, `{code}` stand literally in the table; the host fills them in, percent-encoded.
Leave out what a page does not need. `Store.open` answers body, type, encoding and whether it is
immutable (then `Cache-Control: public, max-age=31536000, immutable`; areas, texts, assets) — for
`places` say `private` instead of `public`.

Python functions
----------------
`columns` (numpy only, no Folium)::

    Places(codes, latitudes, longitudes, approximate)      sorted by dotted code; .only(scope)
    Progress(states, sign_ups)                             one per place;          .only(scope)
    MapScope(rows); scope_of(codes, prefixes)              prefixes as in people.access ("" = all)
    NOT_PLANNED, PLANNED, CONFIRMED, REACHED = 0, 1, 2, 3
    encode_places(places) -> bytes
    encode_state(version, progress) -> bytes
    encode_stats(version, places, progress) -> bytes       encode_reload(version) -> bytes
    encode_changes(version, rows, places, progress) -> bytes   rows = rows of the scope that changed
    encode_details(Regency(code, name, districts), places, names, progress) -> bytes
    encode_texts(words, {code: name} of provinces and regencies) -> bytes
    encode_results([Found(code, name, where, latitude, longitude)]) -> bytes
    regency_counts(places, progress) -> dict[code, Counts]     also for the table beside the map

`artefacts`: `Store(folder)` with `.keep(stem, suffix, data) -> name`, `.open(name, accept_encoding)
-> Stored | None`, `.manifest()`, `keep_places(store, places) -> name`,
`keep_texts(store, words, names) -> name`.

`boundary_keeping.build(store, places, coast, on_progress)` and `assets.build_assets(out_dir)`: the
command `outreach maps build` calls both, once, for the folder `settings.var_dir / "maps"`.

`national.national_page(words, view) -> FramePage` (html, nonce, headers), where `words =
words.map_words(gettext)`, `view = View(language="id", area="33.72" or "", bounds=...)`.
`branch_trips.trips_page(words, view, bases, trips) -> FramePage` asks its host for `areas` and
opens `village`.
`safe.script_json(urls) -> str` is the JSON of the attribute, `safe.SANDBOX` its sandbox.

Answers
-------
* layer_villages: `OML1`, u64 version, one byte per place: 0 to 6 between the breaks, 7 no data, 8
  never. weeks: `OMW1`, u64 version, i32 first Monday in days from 1970, u32 number of weeks, then
  two planes of bytes (low, high) with the week of each place's first session, 0 is never.
* places: `OMP2`, u32 n, u32 r, 4 x f32 west south east north, r x (u16 regency digits, u16 count),
  then planes of n bytes: lon low, lon high, lat low, lat high; then ceil(n/8) bytes, bit i (least
  first) set where place i is approximate. Little-endian; 0..65535 spans the bounds.
* state: `OMS1`, u64 version, then one byte per place: state in the top two bits, the sign-ups
  below as min(63, round(6 log2(sign-ups))).
* stats: `{"version", "regencies": {"33.72": [not planned, planned, confirmed, reached, sign-ups]}}`
* changes: `{"version", "rows": [[row, byte, sign-ups]], "regencies": {...as in stats}}` or
  `{"version", "reload": true}`
* details: `{"code", "name", "districts": {"33.72.01": name},
  "villages": [[code, name, lat, lon, sign-ups]]}` in row order of the scope.
* texts: `{"words": {...}, "names": {"33": "Jawa Tengah", "33.72": "Kota Surakarta"}}`
* search: `{"results": [{"code", "name", "where", "lat", "lon"}]}`; the code's length is the level.
* areas, districts: TopoJSON, object `a`, ids are dotted codes, `properties.p` = [lon, lat] inside.
"""
