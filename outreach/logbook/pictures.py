"""Makes a picture that came from outside anew, so that nothing of it stays but its pixels."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError

from outreach.errors import Invalid
from outreach.logbook.tables import EvidenceKind

#: A phone sends what it has made smaller itself; the form of a page never comes this way.
MOST_BYTES = 600 * 1024
#: Told by the first bytes, before anything is unpacked: a small file can hold a huge picture.
MOST_PIXELS = 4_000_000
FORMATS = ("JPEG", "PNG", "WEBP")
#: A JPEG is drawn in scans, each over the whole picture: a camera writes one, a program that makes
#: pictures small ten to twenty. A file of 600 kB can hold 40,000, which is minutes of work.
MOST_SCANS = 32
_SCAN = b"\xff\xda"
LONGEST_SIDE = {EvidenceKind.PHOTO: 1280, EvidenceKind.SIGNATURE: 600}
#: A hall with people in it, still clear, in about 150 kB.
_QUALITY = 75

#: What the decoders raise over bytes that only look like a picture.
_BROKEN = (
    UnidentifiedImageError,
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    LookupError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of our own making."""

    media_type: str
    width: int
    height: int
    content: bytes


def redraw(content: bytes, kind: EvidenceKind) -> Picture:
    """Decode a picture, turn it upright, make it small, and draw it anew.

    A photo becomes a JPEG, a signature a grey PNG on white. Place, camera, profile, comments and
    whatever else was put before, into or behind the picture are gone.

    Raises
    ------
    Invalid
        For the field `picture`: too many bytes, pixels or scans, moving, broken, or none at all.
    """
    if len(content) > MOST_BYTES:
        raise Invalid(problems={"picture": ["picture_too_heavy"]})
    try:
        opened = _checked(content)
        opened.load()
        return _drawn(ImageOps.exif_transpose(opened), kind)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Invalid(problems={"picture": ["picture_too_large"]}) from error
    except _BROKEN as error:
        raise Invalid(problems={"picture": ["not_a_picture"]}) from error


def _checked(content: bytes) -> Image.Image:
    """Open a picture that is whole, still and not too large; nothing of it is unpacked yet."""
    first = Image.open(BytesIO(content), formats=FORMATS)
    if first.width * first.height > MOST_PIXELS:
        raise Invalid(problems={"picture": ["picture_too_large"]})
    # Some phones put a second, smaller picture behind a JPEG: that is no film.
    if first.format in ("PNG", "WEBP") and getattr(first, "n_frames", 1) > 1:
        raise Invalid(problems={"picture": ["picture_moves"]})
    # Within a scan these two bytes never stand beside each other. Those of a small picture in the
    # notes are counted along: room for them is left.
    if first.format not in ("PNG", "WEBP") and content.count(_SCAN) > MOST_SCANS:
        raise Invalid(problems={"picture": ["not_a_picture"]})
    first.verify()  # looks at the whole file, and leaves it unfit to be read
    return Image.open(BytesIO(content), formats=FORMATS)


def _drawn(opened: Image.Image, kind: EvidenceKind) -> Picture:
    side = LONGEST_SIDE[kind]
    opened = _on_white(opened)
    opened.thumbnail((side, side))
    mode = "RGB" if kind is EvidenceKind.PHOTO else "L"
    fresh = Image.new(mode, opened.size)  # a copy would carry the old one's notes along
    fresh.paste(opened.convert(mode))
    out = BytesIO()
    if kind is EvidenceKind.PHOTO:
        fresh.save(out, "JPEG", quality=_QUALITY, optimize=True, progressive=True)
        return Picture("image/jpeg", *fresh.size, out.getvalue())
    fresh.save(out, "PNG", optimize=True)
    return Picture("image/png", *fresh.size, out.getvalue())


def _on_white(opened: Image.Image) -> Image.Image:
    """Put what one can see through on white, as on paper."""
    if not opened.has_transparency_data:
        return opened.convert("RGB")
    seen = opened.convert("RGBA")
    paper = Image.new("RGBA", seen.size, "white")
    return Image.alpha_composite(paper, seen).convert("RGB")
