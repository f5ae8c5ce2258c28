"""What lies outside of a file that came in: a file of the server, and an address next door."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Stands in the file of the server, and must come back to nobody.
CANARY = "burung-kenari-7391"


@dataclass
class Outside:
    """A file that would be taken for borders, and a door at which nobody may knock."""

    file: Path
    port: int
    knocks: list[object] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def lying_outside(folder: Path) -> Iterator[Outside]:
    """Lay out the file, and listen."""
    square = [[[110, -8], [111, -8], [111, -7], [110, -8]]]
    feature = {
        "type": "Feature",
        "properties": {"kode": "33.72", "nama": CANARY},
        "geometry": {"type": "Polygon", "coordinates": square},
    }
    file = folder / "outside.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    with socket.create_server(("127.0.0.1", 0)) as server:
        outside = Outside(file, server.getsockname()[1])
        thread = threading.Thread(target=_listen, args=(server, outside.knocks), daemon=True)
        thread.start()
        yield outside
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def _listen(server: socket.socket, knocks: list[object]) -> None:
    while True:
        try:
            connection, address = server.accept()
        except OSError:
            return
        knocks.append(address)
        connection.close()
