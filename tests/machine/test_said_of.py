"""What goes wrong at the terminal is said in a sentence, with what to do; never in a traceback."""

import sys

import pytest

from anmen.__main__ import main

SERVE = "postgresql+psycopg://anmen_serve:secret-word@127.0.0.1:1/anmen"
DAY = ("certificate", "L-0123456789AB", "2026-11-22")


@pytest.mark.parametrize(
    ("words", "environment", "said"),
    [
        (DAY, {}, "ANMEN_DATABASE_URL is not set"),
        (("firmware", "status"), {"ANMEN_DATABASE_URL": SERVE}, "The database does not answer"),
        (("firmware", "status"), {"ANMEN_DATABASE_URL": "nonsense"}, "is no database address"),
        (("ingest",), {"ANMEN_BATCH_LIMIT": "many"}, "ANMEN_BATCH_LIMIT"),
        (("sim", "door", "L-0123456789AB", "--socket", "/nowhere"), {}, "./run demo"),
        (("demo", "--json"), {}, "--smoke"),
    ],
)
def test_a_mistake_is_told_with_what_to_do(
    words: tuple[str, ...],
    environment: dict[str, str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["anmen", *words])
    for name, value in {"ANMEN_DATABASE_URL": "", **environment}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in {1, 2}
    told = capsys.readouterr()
    assert said in told.err
    assert "secret-word" not in told.out + told.err
