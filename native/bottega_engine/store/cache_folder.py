"""The marks of a folder that runs share (a token cache, an environment), for who cleans up.

label       what a person knows it by
last_used   touched by every run that uses it
"""

from __future__ import annotations

from pathlib import Path

LABEL, LAST_USED = "label", "last_used"


def mark_used(folder: Path) -> None:
    """Raises OSError."""
    (folder / LAST_USED).touch()
