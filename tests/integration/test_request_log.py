"""What a line of the log may say."""

import json
import logging
import sys

import pytest

from service.edges.request_log import JsonLines, exception_fields

SECRET = "王秀英"


def _raised() -> ValueError:
    try:
        raise ValueError(SECRET)
    except ValueError as raised:
        return raised


def test_an_exception_is_told_by_its_class_and_place_and_not_by_its_text() -> None:
    fields = exception_fields(_raised())
    assert fields["exception"] == "ValueError"
    assert "test_request_log.py" in str(fields["where"])
    assert SECRET not in str(fields)


def test_a_line_is_one_json_object_even_for_an_exception_logged_the_usual_way() -> None:
    try:
        raise ValueError(SECRET)
    except ValueError:
        record = logging.LogRecord("anmen", logging.ERROR, "x.py", 1, "it %s\nbroke", ("all",), sys.exc_info())
    line = JsonLines().format(record)
    told = json.loads(line)
    assert "\n" not in line
    assert (told["level"], told["event"], told["exception"]) == ("error", "it all\nbroke", "ValueError")
    assert SECRET not in line


@pytest.mark.parametrize("fields", [{}, {"route": "/i/{token}", "status": 200}])
def test_fields_stand_beside_the_event(fields: dict[str, object]) -> None:
    record = logging.LogRecord("anmen", logging.INFO, "x.py", 1, "request", (), None)
    record.fields = fields
    assert json.loads(JsonLines().format(record)).items() >= fields.items()
