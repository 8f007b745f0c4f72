"""How a broken rule of the schema is said to a person; word for word as in schema/src/validate/sentence.ts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Path = tuple[str | int, ...]

TYPE_WORDS = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}


@dataclass(frozen=True)
class BrokenRule:
    """`schema` holds the keyword; `key` is the key in question for `required` and `additionalProperties`."""

    keyword: str
    path: Path
    schema: dict[str, Any]
    value: Any
    key: str = ""


@dataclass(frozen=True)
class Said:
    """A sentence with its place; `mark` says whether the key or the value behind it is meant."""

    path: Path
    message: str
    mark: Literal["key", "value"]
    suggestion: str | None = None


def dotted(path: Path) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def type_of(value: Any) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "a mapping"


def distance(source: str, target: str) -> int:
    """Edits (insert, delete, replace, swap of neighbours) from one word to another."""
    rows = [[0] * (len(target) + 1) for _ in range(len(source) + 1)]
    for i in range(len(source) + 1):
        rows[i][0] = i
    rows[0] = list(range(len(target) + 1))
    for i in range(1, len(source) + 1):
        for j in range(1, len(target) + 1):
            same = source[i - 1] == target[j - 1]
            best = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (0 if same else 1))
            if i > 1 and j > 1 and source[i - 1] == target[j - 2] and source[i - 2] == target[j - 1]:
                best = min(best, rows[i - 2][j - 2] + 1)
            rows[i][j] = best
    return rows[-1][-1]


def suggestion(word: str, known: list[str]) -> str | None:
    """The known word most like the given one, when it is close enough to be meant."""
    limit = max(1, len(word) // 3)
    near = sorted((distance(word.lower(), name), name) for name in known)
    return near[0][1] if near and near[0][0] <= limit else None


def choices(values: list[str]) -> str:
    return values[0] if len(values) == 1 else f"{', '.join(values[:-1])} or {values[-1]}"


def did_you_mean(guess: str | None) -> str:
    return f" Did you mean {guess}?" if guess else ""


def say(rule: BrokenRule) -> Said:
    """One sentence for one broken rule, with the place it belongs to."""
    name = dotted(rule.path) or "The file"
    if rule.keyword == "additionalProperties":
        guess = suggestion(rule.key, list(rule.schema.get("properties", {})))
        return Said((*rule.path, rule.key), f"Unknown key {rule.key}.{did_you_mean(guess)}", "key", guess)
    if rule.keyword == "required":
        return Said(rule.path, f"{dotted((*rule.path, rule.key))} is missing.", "key")
    custom = rule.schema.get("errorMessage")
    if isinstance(custom, str):
        message = f"{name} {custom}." if custom.startswith("must ") else custom
        return Said(rule.path, message, "key" if rule.keyword == "not" else "value")
    guess = suggestion(rule.value, allowed_of(rule)) if isinstance(rule.value, str) else None
    return Said(rule.path, describe(rule, name), "value", guess)


def allowed_of(rule: BrokenRule) -> list[str]:
    if rule.keyword == "enum":
        return list(rule.schema["enum"])
    return [str(rule.schema["const"])] if rule.keyword == "const" else []


def describe(rule: BrokenRule, name: str) -> str:
    limit = rule.schema.get(rule.keyword)
    match rule.keyword:
        case "type":
            wanted = rule.schema["type"]
            fraction = wanted == "integer" and type_of(rule.value) == "a number"
            return f"{name} must be {TYPE_WORDS[wanted]}{'' if fraction else f', not {type_of(rule.value)}'}."
        case "enum" | "const":
            allowed = allowed_of(rule)
            text = isinstance(rule.value, str)
            given = (rule.value or "empty") if text else type_of(rule.value)
            guess = suggestion(rule.value, allowed) if text else None
            return f"{name} must be {choices(allowed)}, not {given}.{did_you_mean(guess)}"
        case "minimum":
            return f"{name} must be at least {limit}."
        case "exclusiveMinimum":
            return f"{name} must be more than {limit}."
        case "maximum":
            return f"{name} must be at most {limit}."
        case "exclusiveMaximum":
            return f"{name} must be less than {limit}."
        case "minLength":
            return f"{name} must not be empty."
        case "maxLength":
            return f"{name} must have at most {limit} characters."
        case "minItems":
            return f"{name} must have at least {limit} {'entry' if limit == 1 else 'entries'}."
        case "maxItems":
            return f"{name} must have at most {limit} entries."
        case keyword:
            return f"{name} is not valid ({keyword})."
