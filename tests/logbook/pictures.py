"""Pictures as phones and hostile programs send them."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image

#: As a phone's camera writes it: the place and the maker stand in the file.
GPS = {1: "S", 2: (7.0, 34.0, 12.0), 3: "E", 4: (110.0, 49.0, 30.0)}


def drawn(size: tuple[int, int] = (400, 300), mode: str = "RGB") -> Image.Image:
    """A picture that is not of one colour."""
    grey = Image.linear_gradient("L").resize(size)
    return Image.merge("RGB", (grey, grey.rotate(90).resize(size), grey)).convert(mode)


def written(image: Image.Image, form: str = "JPEG", **more: Any) -> bytes:
    out = BytesIO()
    image.save(out, form, **more)
    return out.getvalue()


def of_camera(size: tuple[int, int] = (400, 300), orientation: int = 6) -> bytes:
    """A JPEG lying on its side, with the place, the maker and a comment in it."""
    exif = Image.Exif()
    exif[0x010F] = "Merek Kamera"
    exif[0x0112] = orientation
    exif.get_ifd(0x8825).update(GPS)
    return written(drawn(size), exif=exif, comment=b"NIK 3372012005850001")


def bomb(width: int = 60_000, height: int = 60_000) -> bytes:
    """A PNG of a few bytes that would unpack to gigabytes."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000), 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def with_a_broken_note() -> bytes:
    """A PNG whose pixels are whole, with a note behind them that is not."""
    whole = written(drawn((40, 30)), "PNG")
    note = bytearray(_chunk(b"tEXt", b"Title\0Balai desa"))
    note[-1] ^= 0xFF
    return whole[:-12] + bytes(note) + whole[-12:]


def _chunk(name: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + check


def film(form: str) -> bytes:
    frames = [drawn((40, 30)), drawn((40, 30)).rotate(180)]
    return written(frames[0], form, save_all=True, append_images=frames[1:], duration=100)


def page_in_a_jpeg() -> bytes:
    """A JPEG that some readers take for a page: markup in its comment and behind its end."""
    script = b"<html><script>alert(1)</script></html>"
    return written(drawn((40, 30)), comment=script) + script


def of_many_scans(more: int) -> bytes:
    """A progressive JPEG of ten scans, the last of which comes so many times again."""
    whole = written(drawn((40, 30)), progressive=True)
    end = whole.rindex(b"\xff\xd9")
    return whole[:end] + whole[whole.rindex(b"\xff\xda") : end] * more + whole[end:]
