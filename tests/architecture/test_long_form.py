"""Which tests run in which form: nothing that is long slips into the short one, and nothing is left out of the parts of the long one."""

import pytest

from tests.architecture.house_rules import ROOT
from tests.long_form import LONGEST_FILES, Form, arranged

pytest_plugins = ("pytester",)

TESTS = """
    import pytest

    def test_usual(): ...

    @pytest.mark.daily
    def test_daily(): ...

    @pytest.mark.full
    def test_long(): ...

    @pytest.mark.full(seconds=300)
    def test_longest(): ...

    @pytest.mark.full(seconds=100)
    @pytest.mark.alone
    def test_alone(): ...
"""
RUN = {
    Form.SHORT: ["test_usual", "test_daily"],
    Form.LONG: ["test_longest", "test_long"],
    Form.REST: ["test_usual"],
    Form.ALONE: ["test_alone"],
    Form.ALL: ["test_longest", "test_alone", "test_long", "test_usual"],
}


@pytest.mark.parametrize("form", Form)
def test_a_form_runs_its_tests_the_longest_first(form: Form, pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nmarkers =\n    full\n    daily\n    alone")
    items = arranged(pytester.getitems(TESTS), form)
    assert [item.name for item in items if item.get_closest_marker("skip") is None] == RUN[form]


def test_the_parts_of_the_long_form_are_all_of_it() -> None:
    assert sorted(RUN[Form.LONG] + RUN[Form.REST] + RUN[Form.ALONE]) == sorted(RUN[Form.ALL])


@pytest.mark.parametrize(
    ("said", "form"),
    [({}, Form.SHORT), ({"ANMEN_TEST_FULL": "1"}, Form.ALL), ({"ANMEN_TEST_FULL": "long"}, Form.LONG)],
)
def test_the_form_is_read_from_the_environment(said: dict[str, str], form: Form) -> None:
    assert Form.of(said) is form


def test_the_files_that_begin_first_are_there() -> None:
    assert [file for file in LONGEST_FILES if not (ROOT / file).is_file()] == []


def test_what_takes_longest_begins_first(pytester: pytest.Pytester) -> None:
    file = LONGEST_FILES[0]
    pytester.makepyfile(
        **{"tests/architecture/test_a": "def test_short(): ...", file.removesuffix(".py"): "def test_slow(): ..."}
    )
    items, _ = pytester.inline_genitems()
    assert [item.name for item in arranged(items, Form.SHORT)] == ["test_slow", "test_short"]
