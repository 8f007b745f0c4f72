"""Files that a run made, and nothing else."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from bottega_engine.service.errors import not_found


def file_response(output: Path, path: str) -> web.FileResponse:
    """Raises not_found for what is not a file inside the output folder, wherever a link in it leads."""
    return web.FileResponse(inner_file(output, path), headers={"Content-Type": "application/octet-stream"})


def inner_file(output: Path, path: str) -> Path:
    try:
        file = (output / path).resolve(strict=True)
    except (OSError, ValueError) as error:
        raise not_found(f"file {path}") from error
    if not file.is_relative_to(output.resolve()) or not file.is_file():
        raise not_found(f"file {path}")
    return file
