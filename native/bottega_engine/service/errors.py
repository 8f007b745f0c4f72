"""How a request fails: a code of the schema, a sentence, and what to do. Only this edge knows HTTP statuses."""

from __future__ import annotations

import errno
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

log = logging.getLogger(__name__)

STATUS_OF = {
    "invalid_request": 400,
    "invalid_config": 422,
    "unauthorized": 401,
    "not_found": 404,
    "conflict": 409,
    "too_few_seats": 409,
    "engine_failed": 502,
    "no_space": 507,
    "internal": 500,
}


class EngineError(Exception):
    def __init__(self, code: str, message: str, hint: str = "", **more: Any) -> None:
        super().__init__(message)
        self.code = code
        self.body = {"code": code, "message": message, **({"hint": hint} if hint else {}), **more}


def not_found(what: str) -> EngineError:
    return EngineError("not_found", f"There is no {what}.")


def no_space() -> EngineError:
    return EngineError(
        "no_space",
        "There is no space left on the disk of the cluster's head node.",
        "Delete runs that are not needed, or free space there.",
    )


def answer(error: EngineError) -> web.Response:
    return web.json_response(error.body, status=STATUS_OF[error.code])


@web.middleware
async def errors_as_json(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except EngineError as error:
        return answer(error)
    except json.JSONDecodeError as error:
        return answer(EngineError("invalid_request", f"The body is not JSON: {error}."))
    except web.HTTPNotFound:
        return answer(not_found(f"route {request.path}"))
    except web.HTTPException as error:
        return answer(EngineError("invalid_request", f"{error.reason}."))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return answer(no_space())
        log.exception("%s %s", request.method, request.path)
        return answer(EngineError("internal", f"The engine could not answer: {error.strerror or error}."))
    except Exception as error:
        log.exception("%s %s", request.method, request.path)
        return answer(
            EngineError("internal", f"The engine could not answer: {type(error).__name__}: {error}")
        )
