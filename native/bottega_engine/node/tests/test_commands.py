"""Which commands run warm, in the fork, and which are spawned."""

from __future__ import annotations

import pytest

from bottega_engine.node.script import PythonScript, python_script, words_of
from bottega_engine.rank_context import RunFailed


@pytest.mark.parametrize(
    ("command", "script"),
    [
        ("train.py --epochs 3", PythonScript("train.py", ["--epochs", "3"])),
        ("python train.py 'a b'", PythonScript("train.py", ["a b"])),
        ("python3 -m pkg.train -v", PythonScript("pkg.train", ["-v"], is_module=True)),
        (["src/train.py", "--text", "x y"], PythonScript("src/train.py", ["--text", "x y"])),
        ("python -u train.py", None),
        ("python", None),
        ("/usr/bin/python3 train.py", None),
        ("bash train.sh", None),
        ("accelerate launch train.py", None),
    ],
)
def test_python_files_and_modules_run_in_the_fork(
    command: str | list[str], script: PythonScript | None
) -> None:
    assert python_script(words_of(command)) == script


@pytest.mark.parametrize("command", ["", "   ", "echo 'open", [""]])
def test_a_command_that_says_nothing_is_refused(command: str | list[str]) -> None:
    with pytest.raises(RunFailed):
        words_of(command)
