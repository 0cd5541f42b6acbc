"""What the ledger takes: ids, codes and numbers, nothing that names a person."""

import re

import pytest

from service.audit.rules import Act, Detail, without_identity


@pytest.mark.parametrize("detail", [None, True, 7, "landlord", "L-0123456789AB", "sface/1.2", ""])
def test_machine_words_pass(detail: Detail) -> None:
    assert without_identity({"what": detail}) == {"what": detail}


@pytest.mark.parametrize(
    "detail", ["王秀英", "Wang Xiuying", "330106199001011236", "33010619900101123X", "13800138000", "+8613800138000"]
)
def test_names_and_numbers_of_persons_do_not(detail: str) -> None:
    with pytest.raises(ValueError, match="could identify"):
        without_identity({"what": detail})


def test_every_act_is_spelled_as_the_database_demands() -> None:
    assert all(re.fullmatch(r"[a-z_]+:[a-z_]+:[a-z_]+", act) for act in Act)
    assert len(set(Act)) == len(Act.__members__)
