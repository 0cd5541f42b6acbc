"""What is kept for how long: settings, and what no setting can undercut."""

import pytest

from service.retention.rules import KEEPINGS, Kind, days_kept


def test_every_kind_has_a_default_that_a_setting_changes() -> None:
    assert set(days_kept({})) == set(Kind)
    assert days_kept({"entry": 30})[Kind.ENTRY] == 30
    assert all(keeping.least <= keeping.default for keeping in KEEPINGS.values())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"entry": 29}, "between 30 and"),
        ({"audit_entry": 1094}, "between 1095 and"),
        ({"lock_claim": 0}, "between 1 and"),
        ({"entry": 99_999}, "between 30 and 36500"),
        ({"people": 1}, "is not kept by a setting"),
    ],
)
def test_what_cannot_be_set_is_said(settings: dict[str, int], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        days_kept(settings)
