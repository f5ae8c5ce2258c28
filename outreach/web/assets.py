"""Files the browser gets: gathered from packages and our own, compressed, served by us alone.

Every bundle stands in a folder named after what is in it, so browsers may keep it for ever.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from whitenoise import WhiteNoise
from whitenoise.compress import Compressor

from outreach.web.protection import NEVER_FRAMED, TRANSPORT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from wsgiref.headers import Headers

    from flask import Flask

PREFIX = "/static/"
#: A file that is opened by itself loads nothing, runs nothing and stands in no other page.
FILE_POLICY = f"default-src 'none'; base-uri 'none'; {NEVER_FRAMED}"
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Bundle:
    """Files of one package that stand together; patterns are relative to `root` within it."""

    name: str
    package: str
    root: str
    patterns: tuple[str, ...]

    def files(self) -> Iterator[tuple[str, Path]]:
        """Every file, with the name it is asked for."""
        folder = _folder_of(self.package) / self.root
        for pattern in self.patterns:
            found = sorted(p for p in folder.glob(pattern) if p.is_file())
            if not found and "*" not in pattern:
                raise FileNotFoundError(f"{self.package} has no {self.root}/{pattern}")
            for path in found:
                yield path.relative_to(folder).as_posix(), path


BUNDLES = (
    Bundle("leaflet", "xstatic.pkg.leaflet", "data", ("leaflet.js", "leaflet.css", "images/*.png")),
    Bundle("bootstrap", "flask_bootstrap", "static/bootstrap5/css", ("bootstrap.min.css",)),
    Bundle("outreach", "outreach.web", "static", ("**/*.css", "**/*.js", "**/*.svg")),
    # Apart from the others, so that a phone fetches it anew only when something of it changed.
    Bundle("phone", "outreach.web", "static/phone", ("*.css", "*.js", "*.png")),
)


def _folder_of(package: str) -> Path:
    # Found, not imported: Flask_Bootstrap's code is not needed for its stylesheet.
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"the package {package} is not installed")
    return Path(next(iter(spec.submodule_search_locations)))


def collect(out_dir: Path, bundles: tuple[Bundle, ...] = BUNDLES) -> dict[str, dict[str, str]]:
    """Bring the bundles into *out_dir* as they are now; return the manifest.

    The manifest names each bundle's files and the path below *out_dir* each stands at. What is
    there already is left alone, so a second call takes milliseconds.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    manifest = {bundle.name: _collect(bundle, out_dir) for bundle in bundles}
    text = json.dumps(manifest, indent=1, sort_keys=True)
    if not _same(out_dir / MANIFEST, text):
        _replace(out_dir / MANIFEST, text)
    return manifest


def _collect(bundle: Bundle, out_dir: Path) -> dict[str, str]:
    files = {name: path.read_bytes() for name, path in bundle.files()}
    folder = f"{bundle.name}-{_fingerprint(files)}"
    if not (out_dir / folder).is_dir():
        _write_folder(out_dir, folder, files)
    return {name: f"{folder}/{name}" for name in files}


def _fingerprint(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:8]


def _write_folder(out_dir: Path, folder: str, files: Mapping[str, bytes]) -> None:
    # Made aside and moved in whole: two processes may start at once, and a kill leaves no half.
    making = Path(tempfile.mkdtemp(prefix=".making-", dir=out_dir))
    making.chmod(0o755)
    compressor = Compressor(quiet=True)
    for name, content in files.items():
        target = making / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        if compressor.should_compress(name):
            compressor.compress(str(target))
    try:
        making.rename(out_dir / folder)
    except OSError:
        shutil.rmtree(making)
        if not (out_dir / folder).is_dir():
            raise


def _same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text() == text


def _replace(path: Path, text: str) -> None:
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        file.write(text)
    Path(file.name).chmod(0o644)
    Path(file.name).rename(path)


def _protected(https_only: bool) -> Callable[[Headers, str, str], None]:
    """Give files the headers that pages have, as far as they say anything about a file."""

    def protect(headers: Headers, path: str, _url: str) -> None:
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Content-Security-Policy"] = FILE_POLICY
        if path.endswith(".svg"):
            headers["Content-Type"] = "image/svg+xml; charset=utf-8"
        if https_only:  # over plain HTTP browsers take no notice of it
            headers["Strict-Transport-Security"] = TRANSPORT

    return protect


def serve(app: Flask, out_dir: Path, *, https_only: bool) -> None:
    """Collect the bundles, serve them below `/static/` and let templates call `asset()`."""
    manifest = collect(out_dir)
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
        app.wsgi_app,
        root=str(out_dir),
        prefix=PREFIX,
        immutable_file_test=lambda _path, url: not url.endswith(MANIFEST),
        allow_all_origins=False,
        add_headers_function=_protected(https_only),
    )

    def asset(bundle: str, file: str) -> str:
        """Address of a collected file; an unknown one is an error of the template."""
        return PREFIX + manifest[bundle][file]

    app.jinja_env.globals["asset"] = asset
    app.extensions["assets"] = manifest
