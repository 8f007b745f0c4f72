"""Small packages, made on the spot, so that a test needs no index."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path


def make_wheel(folder: Path, name: str, version: str, module: str, code: str, requires: str = "") -> Path:
    """A wheel of one module. `requires` is a requirement of its own."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    folder.mkdir(parents=True, exist_ok=True)
    needs = f"Requires-Dist: {requires}\n" if requires else ""
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{module}.py", code)
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/entry_points.txt", f"[console_scripts]\n{name}-say = {module}:say\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


def make_slow_source(folder: Path, name: str, started: Path) -> Path:
    """A source distribution that, when uv asks it for its needs, writes `started` and takes an hour."""
    backend = f"""
import pathlib, time
def get_requires_for_build_wheel(settings=None):
    pathlib.Path({str(started)!r}).write_text("")
    time.sleep(3600)
prepare_metadata_for_build_wheel = build_wheel = get_requires_for_build_wheel
"""
    files = {
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "slow"\nbackend-path = ["."]\n'
        f'[project]\nname = "{name}"\nversion = "1.0"\ndynamic = ["dependencies"]\n',
        "slow.py": backend,
    }
    path = folder / f"{name}-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for file, text in files.items():
            entry = tarfile.TarInfo(f"{name}-1.0/{file}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return path
