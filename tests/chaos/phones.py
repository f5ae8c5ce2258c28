"""Phones with reports of past sessions, and how they send them: again and again, some twice."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from http import HTTPStatus
from random import Random
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert
from sqlmodel import col

from outreach.db import unit_of_work
from outreach.villages.tables import Zone
from outreach.visits.tables import Happening, Visit, VisitEvent, Work
from tests.chaos.history import SETTLED, key_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Engine
    from sqlmodel import Session

    from tests.benchmarks.officials import Official
    from tests.chaos.history import History, Key
    from tests.chaos.nemesis import Nemesis
    from tests.chaos.world import World

#: Sessions of a village: three on each of the days before today that a report may still come for.
DAYS, SLOTS = 5, (8, 11, 14)
VISITS = DAYS * len(SLOTS)
#: Of a hundred reports so many are corrected before they are sent.
CORRECTED = 10
#: One phone in so many tells of a visit of its neighbour; shares an id with it; sends all at once
#: over two connections; sends again what was taken.
STRAYS_EACH, TWINS_EACH, IMPATIENT_EACH, FORGETFUL_EACH = 7, 2, 5, 6
#: All that send again do so this often together, and none of them more often than in so long: a
#: phone that knocks all the time is told to come again much later.
AGAIN_PER_SECOND, AGAIN_SECONDS = 4.0, 10.0
MOST_IN_AN_ENVELOPE = 16
PATIENCE_SECONDS = 30.0
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.5, 4.0
GIVES_UP_SECONDS = 3600.0
#: So many hold a connection at once; all others wait for a free line.
MOST_AT_A_TIME = 100
#: What a phone may be answered while servers come and go: done, or come again.
EXPECTED = (HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS)


@dataclass
class Phone:
    """One official's phone: its token and the envelopes that it has to send."""

    number: int
    token: str
    envelopes: list[list[dict[str, Any]]]
    drawn: Random = field(default_factory=Random)

    @property
    def is_impatient(self) -> bool:
        return self.number % IMPATIENT_EACH == 0

    @property
    def is_forgetful(self) -> bool:
        return self.number % FORGETFUL_EACH == 0


def make_phones(engine: Engine, world: World, seed: int, history: History) -> list[Phone]:
    """Have the sessions planned and confirmed, and write what was held into the phones."""
    drawn = Random(seed)
    with unit_of_work(engine) as db:
        visits = _make_visits(db, world)
    phones = []
    for number, official in enumerate(world.officials):
        own = visits[number]
        reports = [one for k in range(VISITS - 1) for one in _reports(own[k], k, drawn)]
        reports += _odd_ones(visits, number, seed, history, drawn)
        phones.append(
            Phone(number, official.token, _envelopes(reports, drawn), Random(seed + number))
        )
        for report in reports:
            history.note_sent(report)
    return phones


def _make_visits(db: Session, world: World) -> list[list[int]]:
    """Confirm a visit of each stage in each village, with the history that they would have."""
    today = datetime.now(UTC)
    rows = [
        _visit(one, world.held_stages[k], k, today)
        for one in world.officials
        for k in range(VISITS)
    ]
    statement = insert(Visit).returning(col(Visit.id), sort_by_parameter_order=True)
    ids = [one or 0 for one in db.scalars(statement, rows)]
    events = [
        {**_event(row, visit_id, today), "happening": happening, "after": {"work": work.value}}
        for row, visit_id in zip(rows, ids, strict=True)
        for happening, work in (
            (Happening.PLANNED, Work.PROPOSED),
            (Happening.CONFIRMED, Work.CONFIRMED),
        )
    ]
    db.execute(insert(VisitEvent), events)
    return [ids[n : n + VISITS] for n in range(0, len(ids), VISITS)]


def _event(row: dict[str, Any], visit_id: int, now: datetime) -> dict[str, Any]:
    at = now - timedelta(days=DAYS + 2)
    return {"visit_id": visit_id, "village_code": row["village_code"], "at": at, "before": {}}


def _visit(one: Official, stage_id: int, number: int, now: datetime) -> dict[str, Any]:
    return {
        "stage_id": stage_id,
        "village_code": one.code,
        "team_id": one.team_id,
        "day": (now - timedelta(days=number // len(SLOTS) + 1)).date(),
        "slot": number % len(SLOTS) + 1,
        "starts_at": clock(SLOTS[number % len(SLOTS)]),
        "zone": Zone.WIB,
        "work": Work.CONFIRMED,
        "version": 1,
    }


def _reports(visit_id: int, number: int, drawn: Random) -> list[dict[str, Any]]:
    """Tell a session; now and then it is corrected before the network is back."""
    first = _report(visit_id, number, drawn)
    if drawn.randrange(100) >= CORRECTED:
        return [first]
    return [first, {**_report(visit_id, number, drawn), "corrects_id": first["id"]}]


def _report(visit_id: int, number: int, drawn: Random) -> dict[str, Any]:
    told_id = str(uuid.UUID(int=drawn.getrandbits(128), version=4))
    farmers, traders = drawn.randint(1, 9), drawn.randint(1, 9)
    return {
        "id": told_id,
        "visit_id": visit_id,
        "held_on": (datetime.now(UTC) - timedelta(days=number // len(SLOTS) + 1))
        .date()
        .isoformat(),
        "held_at": f"{SLOTS[number % len(SLOTS)]:02d}:00",
        # No two say the same by chance: what says the same is no contradiction.
        "place": f"Balai {told_id[:8]}",
        "men": drawn.randint(10, 40),
        "women": drawn.randint(10, 40),
        "details": [
            {"sector": "farmer", "package": "jkk_jkm", "payer": "self", "workers": farmers},
            {"sector": "trader", "package": "jkk_jkm_jht", "payer": "apbdes", "workers": traders},
        ],
    }


def _odd_ones(
    visits: list[list[int]], number: int, seed: int, history: History, drawn: Random
) -> list[dict[str, Any]]:
    """Tell the last session under a neighbour's id, and now and then a neighbour's session."""
    last = _report(visits[number][-1], VISITS - 1, drawn)
    pair = number // 2
    if pair % TWINS_EACH == 0:
        last["id"] = str(uuid.UUID(int=Random(f"{seed} {pair}").getrandbits(128), version=4))
        # Their lines would meet at a wall of their own.
        last["signups"] = sum(line["workers"] for line in last.pop("details"))
    odd = [last]
    if number % STRAYS_EACH == 0 and len(visits) > 1:
        stray = _report(visits[number - 1][0], 0, drawn)
        history.strays.add(key_of(stray))
        odd.append(stray)
    return odd


def _envelopes(reports: list[dict[str, Any]], drawn: Random) -> list[list[dict[str, Any]]]:
    """Put them into envelopes of any size and order; what all send last goes first, together."""
    rest, last = reports[:-2], reports[-2:]
    drawn.shuffle(rest)
    envelopes = [last + rest[:MOST_IN_AN_ENVELOPE]]
    rest = rest[MOST_IN_AN_ENVELOPE:]
    while rest:
        size = drawn.randint(1, MOST_IN_AN_ENVELOPE)
        envelopes.append(rest[:size])
        rest = rest[size:]
    return envelopes


# ------------------------------------------------------------------ how they send


@dataclass
class Network:
    """The ways to the webs, what is noted of them, and how many phones speak at a time.

    Phones begin as the faults come, and some send again until all of these are over.
    """

    ports: Sequence[int]
    history: History
    nemesis: Nemesis
    pause_seconds: float
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_AT_A_TIME))
    until: float = field(default_factory=lambda: time.monotonic() + GIVES_UP_SECONDS)


def send_everything(phones: Sequence[Phone], network: Network) -> list[int]:
    """Send all that phones have to their end; answer the numbers of those that gave up.

    In a thread of its own: in that of the tests a browser may hold a loop already.
    """
    with ThreadPoolExecutor(1) as aside:
        return aside.submit(asyncio.run, send_all(phones, network)).result()


async def send_all(phones: Sequence[Phone], network: Network) -> list[int]:
    """Let all phones send until each was answered; name those that gave up."""
    pairs: list[list[Phone]] = [[] for _ in range(len(phones) // 2 + 1)]
    for one in phones:
        pairs[one.number // 2].append(one)
    again_seconds = max(AGAIN_SECONDS, len(phones) / FORGETFUL_EACH / AGAIN_PER_SECOND)
    done = await asyncio.gather(
        *(_send_pair(pair, n / len(pairs), again_seconds, network) for n, pair in enumerate(pairs))
    )
    return [number for each in done for number in each]


async def _send_pair(
    pair: Sequence[Phone], place: float, again_seconds: float, network: Network
) -> list[int]:
    """Let two neighbours begin at the same moment, when such a share of the faults has come."""
    while network.nemesis.share < place:
        await asyncio.sleep(0.2)
    if pair:
        # Not all that waited for the same fault at once.
        await asyncio.sleep(pair[0].drawn.uniform(0, 2 * network.pause_seconds))
    done = await asyncio.gather(*(_send(one, again_seconds, network) for one in pair))
    return [one.number for one, is_done in zip(pair, done, strict=True) if not is_done]


async def _send(phone: Phone, again_seconds: float, network: Network) -> bool:
    for envelope in phone.envelopes:
        if not await _send_envelope(phone, envelope, network):
            return False
    while phone.is_forgetful and not network.nemesis.is_through.is_set():
        await asyncio.sleep(phone.drawn.uniform(0, 2 * again_seconds))
        if not await _send_envelope(phone, phone.drawn.choice(phone.envelopes), network):
            return False
    return True


async def _send_envelope(phone: Phone, envelope: list[dict[str, Any]], network: Network) -> bool:
    """Send until each report of it is settled; False once the phone gives up."""
    left, longest = envelope, FIRST_WAIT_SECONDS
    while time.monotonic() < network.until:
        times = 2 if phone.is_impatient else 1
        waits = await asyncio.gather(*(_try(phone, left, network) for _ in range(times)))
        settled = set().union(*(one for one, _ in waits))
        left = [report for report in left if key_of(report) not in settled]
        if not left:
            return True
        bidden = max(seconds for _, seconds in waits)
        await asyncio.sleep(bidden + phone.drawn.uniform(0, longest))
        longest = min(longest * 2, LONGEST_WAIT_SECONDS)
    return False


async def _try(
    phone: Phone, reports: list[dict[str, Any]], network: Network
) -> tuple[set[Key], float]:
    """Send once; answer what is settled by it and how long the server bids us wait."""
    history, port = network.history, phone.drawn.choice(network.ports)
    try:
        async with network.gate, asyncio.timeout(PATIENCE_SECONDS):
            status, headers, body = await _exchange(phone, reports, port)
            told = json.loads(body)["answers"] if status == HTTPStatus.OK else []
            bidden = float(headers.get("retry-after", 0))
    except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError, IndexError, KeyError):
        history.statuses[0] += 1
        return set(), 0.0
    history.statuses[status] += 1
    if status not in EXPECTED:
        history.astonishing.append(f"a phone was answered {status}: {body[:200]!r}")
    if status != HTTPStatus.OK:
        return set(), bidden
    return _settled(reports, told, history), bidden


def _settled(reports: list[dict[str, Any]], told: Any, history: History) -> set[Key]:
    """Note what was told of each report; answer which of them need not be sent again."""
    settled = set()
    try:
        for report, outcome in zip(reports, [one["outcome"] for one in told], strict=True):
            history.note_told(report, outcome)
            if outcome in SETTLED:
                settled.add(key_of(report))
    except (KeyError, TypeError, ValueError):
        words = f"a phone was answered to {len(reports)} reports: {str(told)[:200]}"
        history.astonishing.append(words)
    return settled


async def _exchange(
    phone: Phone, reports: list[dict[str, Any]], port: int
) -> tuple[int, dict[str, str], bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in _request(phone, reports, port):
            writer.write(part)
        await writer.drain()
        raw = await reader.read()
    finally:
        writer.close()
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    return int(first.split()[1]), headers, body


def _request(phone: Phone, reports: list[dict[str, Any]], port: int) -> Iterator[bytes]:
    sent_at = datetime.now(UTC).isoformat()
    body = json.dumps({"sent_at": sent_at, "unsent": 0, "reports": reports}).encode()
    head = (
        f"POST /api/v1/reports HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Cookie: phone={phone.token}\r\nX-Requested-With: outreach\r\n"
        "Content-Type: application/json\r\nAccept: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    yield head.encode()
    yield body
