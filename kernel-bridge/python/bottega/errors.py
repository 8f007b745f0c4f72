"""The one error of the client."""

from __future__ import annotations

from typing import Any


class BottegaError(Exception):
    """A request that failed. `code` is one of schema/src/errors.ts; `hint` says what to do next."""

    def __init__(
        self,
        code: str,
        message: str,
        hint: str | None = None,
        problems: list[dict[str, Any]] | None = None,
        details: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.problems = problems or []
        self.details = details

    @classmethod
    def of(cls, body: dict[str, Any]) -> BottegaError:
        return cls(body["code"], body["message"], body.get("hint"), body.get("problems"), body.get("details"))

    @property
    def body(self) -> dict[str, Any]:
        """The error as the APIs send it (`ErrorBody`)."""
        optional = {"hint": self.hint, "problems": self.problems, "details": self.details}
        said = {key: value for key, value in optional.items() if value}
        return {"code": self.code, "message": self.message, **said}

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message
