"""The interface's description: FastAPI's own, with every error told as the problem details it is."""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from service.edges.problems import MEDIA_TYPE, Problem

_DESCRIPTION: Final = """\
Everything a page can do, for programs. Sign in at `POST /sessions`, send the token as `Authorization: Bearer`.
Every error is an RFC 9457 problem (`application/problem+json`) whose `code` stays the same.
"""
_ALWAYS: Final = (400, 413, 422, 429, 500, 503)
_SIGNED_IN: Final = (401, 403)
_METHODS: Final = frozenset({"get", "post", "put", "patch", "delete"})


def describe_with_problems(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """A replacement for `app.openapi` that documents the errors of every operation."""

    def description() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _with_problems(
                get_openapi(title=app.title, version=app.version, description=_DESCRIPTION, routes=app.routes)
            )
        return app.openapi_schema

    return description


def _with_problems(schema: dict[str, Any]) -> dict[str, Any]:
    parts = schema.setdefault("components", {}).setdefault("schemas", {})
    for theirs in ("HTTPValidationError", "ValidationError"):
        parts.pop(theirs, None)
    own = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    parts.update(own.pop("$defs", {}))
    parts["Problem"] = own
    for path, operation in _operations(schema):
        for status in _statuses_of(path, operation):
            operation["responses"][str(status)] = _problem(status)
    return schema


def _operations(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in schema.get("paths", {}).items():
        for method in _METHODS & methods.keys():
            yield path, methods[method]


def _statuses_of(path: str, operation: dict[str, Any]) -> tuple[int, ...]:
    signed_in = _SIGNED_IN if operation.get("security") else ()
    named = (404,) if "{" in path else ()
    conflict = (409,) if "requestBody" in operation else ()
    return (*_ALWAYS, *signed_in, *named, *conflict)


def _problem(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": schema}}}
