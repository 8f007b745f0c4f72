"""Imports the modules of a project and says by their hash what was executed.

The very bytes that are hashed are compiled. Bytecode files are neither read nor written: two edits within one second
would find that of the first. A link counts as the file it leads to.
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from collections.abc import Callable
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, FileFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

MOST_IN_ONE = 500

Emit = Callable[[dict[str, Any]], None]


class ProjectModules:
    """`emit` gets `modules` records, whenever an import from outside the project is over; None says nothing."""

    def __init__(self, work_dir: Path, emit: Emit | None) -> None:
        self._root = os.path.realpath(work_dir)
        self._emit = emit
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._said: set[tuple[str, str]] = set()
        self._waiting: list[dict[str, str]] = []
        self._depth = threading.local()

    def install(self) -> None:
        """From now on every import from the folder goes through here."""
        sys.path_hooks.insert(0, self._finder)
        for path in list(sys.path_importer_cache):
            if self._is_inside(path):
                del sys.path_importer_cache[path]

    def compiled(self, data: bytes, path: str) -> CodeType:
        """The code of a source file of the project."""
        code: CodeType = compile(data, path, "exec", dont_inherit=True)
        self._note(path, data)
        return code

    def run(self, work: Callable[[], None]) -> None:
        """An import; what it and all below it executed is said at its end, however it ends."""
        depth = getattr(self._depth, "value", 0)
        self._depth.value = depth + 1
        try:
            work()
        finally:
            self._depth.value = depth
            if depth == 0:
                self._say()

    def _finder(self, path: str) -> FileFinder:
        if not self._is_inside(path):
            raise ImportError(f"{path} is not in the project")
        modules = self

        class Loader(SourceFileLoader):
            def get_code(self, fullname: str) -> CodeType:
                file = self.get_filename(fullname)
                return modules.compiled(self.get_data(file), file)

            def exec_module(self, module: ModuleType) -> None:
                modules.run(lambda: super(Loader, self).exec_module(module))

        return FileFinder(path, (ExtensionFileLoader, EXTENSION_SUFFIXES), (Loader, [".py"]))

    def _is_inside(self, path: str) -> bool:
        return Path(os.path.realpath(path)).is_relative_to(self._root)

    def _note(self, path: str, data: bytes) -> None:
        real = os.path.realpath(path)
        digest = hashlib.sha256(data).hexdigest()
        with self._lock:
            if not Path(real).is_relative_to(self._root) or (real, digest) in self._said:
                return
            self._said.add((real, digest))
            self._waiting.append({"path": Path(real).relative_to(self._root).as_posix(), "sha256": digest})
        if getattr(self._depth, "value", 0) == 0:
            self._say()

    def _say(self) -> None:
        # A process that this one forked shares its pipe, and long lines of two would mix.
        if self._emit is None or os.getpid() != self._process:
            return
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for first in range(0, len(waiting), MOST_IN_ONE):
            self._emit({"type": "modules", "modules": waiting[first : first + MOST_IN_ONE]})
