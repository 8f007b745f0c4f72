"""What the environment says to an engine."""

from __future__ import annotations

import pytest

from bottega_engine.service.settings import Settings

TOLD = {"BOTTEGA_ENGINE_TOKEN_SHA256": "0" * 64, "BOTTEGA_ENGINE_DATA": "/data"}


def test_how_much_memory_base_models_may_take_and_how_long() -> None:
    unsaid = Settings.from_environment({**TOLD, "BOTTEGA_RESIDENT_MEMORY": ""})
    assert (unsaid.resident_memory, unsaid.resident_minutes) == (0.3, 30)
    said = Settings.from_environment(
        {**TOLD, "BOTTEGA_RESIDENT_MEMORY": "0", "BOTTEGA_RESIDENT_MINUTES": "1.5"}
    )
    assert (said.resident_memory, said.resident_minutes) == (0, 1.5)


@pytest.mark.parametrize(
    ("name", "text", "limit"),
    [
        ("BOTTEGA_RESIDENT_MEMORY", "half", "a number from 0 to 1"),
        ("BOTTEGA_RESIDENT_MEMORY", "30", "a number from 0 to 1"),
        ("BOTTEGA_RESIDENT_MEMORY", "nan", "a number from 0 to 1"),
        ("BOTTEGA_RESIDENT_MINUTES", "-1", "a number that is not negative"),
        ("BOTTEGA_RESIDENT_MINUTES", "inf", "a number that is not negative"),
    ],
)
def test_a_number_that_is_none_is_said(name: str, text: str, limit: str) -> None:
    with pytest.raises(SystemExit, match=f"{name} is {text}: it must be {limit}."):
        Settings.from_environment({**TOLD, name: text})
