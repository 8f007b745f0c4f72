"""What a run may ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bottega_engine.environments import EnvironmentFailed, read_requirements


def read(folder: Path, text: str | None = None, **config: Any) -> Any:
    if text is not None:
        (folder / "requirements.txt").write_text(text)
    return read_requirements(config, folder)


def test_nothing_is_needed_without_both_or_with_comments_only(tmp_path: Path) -> None:
    assert read(tmp_path) is None
    assert read(tmp_path, "# nothing\n\n") is None
    assert read(tmp_path, "einops\n", dependencies=[]) is None


def test_dependencies_of_the_config_go_before_the_file(tmp_path: Path) -> None:
    assert read(tmp_path, "einops\n", dependencies=["humanize==4.9.0"]).lines == ("humanize==4.9.0",)
    assert read(tmp_path).lines == ("einops",)


def test_comments_markers_hashes_and_included_files_are_understood(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "base.txt").write_text("-c bounds.txt\nidna  # of the web\n")
    (tmp_path / "more" / "bounds.txt").write_text("humanize<5\n")
    requirements = read(
        tmp_path,
        "# first\nhumanize==4.9.0 \\\n    --hash=sha256:aa  # pinned\n"
        "-r more/base.txt\ntoolz ; python_version > '3.8'\nflask @ https://example.org/f.whl#egg=x\n",
    )
    assert requirements.lines == (
        "humanize==4.9.0     --hash=sha256:aa",
        "idna",
        "toolz ; python_version > '3.8'",
        "flask @ https://example.org/f.whl#egg=x",
    )
    assert requirements.constraints == ("humanize<5",)


def test_a_local_wheel_counts_by_its_content_wherever_the_folder_lies(tmp_path: Path) -> None:
    texts = []
    for name, content in (("one", b"a"), ("two", b"a"), ("three", b"b")):
        folder = tmp_path / name
        (folder / "wheels").mkdir(parents=True)
        (folder / "wheels" / "own-1.0-py3-none-any.whl").write_bytes(content)
        requirements = read(folder, "./wheels/own-1.0-py3-none-any.whl\n")
        assert requirements.lines == ((folder / "wheels/own-1.0-py3-none-any.whl").as_uri(),)
        texts.append(requirements.text)
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "a\n--index-url https://example.org\n",
            "requirements.txt line 2: --index-url names a package index",
        ),
        ("-i https://example.org", "-i names a package index"),
        ("--extra-index-url=https://example.org", "--extra-index-url names a package index"),
        ("-f ./wheels", "-f names a package index"),
        ("-r ../other.txt", "../other.txt is outside the project folder"),
        ("-r/etc/passwd", "/etc/passwd is outside the project folder"),
        ("-c /etc/passwd", "/etc/passwd is outside the project folder"),
        ("own @ file:///etc/own.whl", "file:///etc/own.whl is outside the project folder"),
        ("~/own.whl", "~/own.whl is outside the project folder"),
        ("./missing.whl", "there is no file ./missing.whl in the project folder"),
        ("-r missing.txt", "there is no file missing.txt"),
        ("-r requirements.txt", "requirements.txt includes itself"),
        ("-e .", "an editable install is not possible"),
        ("./", "./ is a folder"),
    ],
)
def test_what_the_project_cannot_decide_or_has_not_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(EnvironmentFailed) as failed:
        read(tmp_path, text)
    assert reason in str(failed.value)


def test_a_dependency_of_the_config_is_named_by_its_place(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailed, match=r"dependencies\[1\]: -i names a package index"):
        read(tmp_path, dependencies=["einops", "-i https://example.org"])
