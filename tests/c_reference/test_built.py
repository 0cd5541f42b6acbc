"""Where the C reference cannot be built its tests skip and say why; in CI that is a failure."""

from pathlib import Path

import pytest

from tests.c_reference.built import need_compiler, why_not


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)


def test_it_says_what_to_install(no_compiler: None) -> None:
    assert why_not() == "there is no gcc (apt-get install gcc libc6-dev)"


def test_a_compiler_without_headers_is_none(no_compiler: None, tmp_path: Path) -> None:
    (tmp_path / "gcc").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "gcc").chmod(0o755)
    assert why_not() == "the headers of OpenSSL 3 are missing (apt-get install libssl-dev)"


def test_the_tests_skip_by_name(no_compiler: None) -> None:
    with pytest.raises(pytest.skip.Exception, match="there is no gcc"):
        need_compiler()


def test_in_ci_they_fail(no_compiler: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="cannot be built here"):
        need_compiler()
