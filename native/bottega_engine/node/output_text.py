"""Cuts what a process writes into texts for output events."""

from __future__ import annotations

import codecs

MOST_CHARACTERS = 16 * 1024
"""One character is at most four bytes of UTF-8: a text stays under 64 KiB."""


class OutputText:
    """Whole lines where possible; bytes that are not UTF-8 become replacement characters."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    @property
    def has_rest(self) -> bool:
        """Whether the begin of a line waits for its end."""
        return bool(self._rest)

    def feed(self, data: bytes) -> list[str]:
        """The texts of whole lines that are complete now."""
        self._rest += self._decoder.decode(data)
        end = max(self._rest.rfind("\n"), self._rest.rfind("\r")) + 1
        if not end and len(self._rest) >= MOST_CHARACTERS:
            end = len(self._rest)
        whole, self._rest = self._rest[:end], self._rest[end:]
        return pieces(whole)

    def flush(self) -> list[str]:
        """The begin of a line that nobody ended."""
        rest, self._rest = self._rest, ""
        return pieces(rest)


def pieces(text: str) -> list[str]:
    """Parts of at most MOST_CHARACTERS, cut after a line end where there is one."""
    parts = []
    while text:
        cut = len(text)
        if cut > MOST_CHARACTERS:
            cut = text.rfind("\n", 0, MOST_CHARACTERS) + 1 or MOST_CHARACTERS
        parts.append(text[:cut])
        text = text[cut:]
    return parts
