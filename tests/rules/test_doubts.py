"""Honest locks raise no doubt, whatever they go through; two devices with one identity always do."""

from hypothesis import given
from hypothesis import strategies as st

from service.doubts.rules import DoubtKind, ProvenBoot, doubt_of_boot


def doubts_of(boots: list[ProvenBoot]) -> list[DoubtKind]:
    found = [doubt_of_boot(boots[:at], boot) for at, boot in enumerate(boots)]
    return [one for one in found if one is not None]


def boot(device: str, number: int, epoch: int = 7) -> ProvenBoot:
    return ProvenBoot(f"{device}{number}{epoch}".encode().ljust(8, b".")[:8], number, epoch)


@given(st.lists(st.sampled_from(["boot", "boot unheard", "reconnect", "wipe", "wipe, boots go on"]), max_size=30))
def test_an_honest_lock_is_never_doubted(story: list[str]) -> None:
    number, epoch, boots = 1, 1, [boot("a", 1, 1)]
    for step in story:
        if step == "reconnect":
            boots.append(boots[-1])
            continue
        if step.startswith("wipe"):
            epoch += 1
            number = 0 if step == "wipe" else number
        number += 1
        if step != "boot unheard":
            boots.append(boot("a", number, epoch))
    assert doubts_of(boots) == []


@given(st.integers(1, 9), st.lists(st.booleans(), min_size=1, max_size=12))
def test_a_copy_that_speaks_between_two_words_of_the_original_is_always_noticed(
    copied_at: int, turns: list[bool]
) -> None:
    numbers = {"a": copied_at, "b": copied_at}
    boots = [boot("a", number) for number in range(1, copied_at + 1)]
    for copy in [True, *turns, False]:
        device = "b" if copy else "a"
        numbers[device] += copy or numbers["a"] == copied_at
        boots.append(boot(device, numbers[device]))
    assert doubts_of(boots) != []


def test_what_is_noticed_is_named() -> None:
    assert doubts_of([boot("a", 1), boot("b", 1)]) == [DoubtKind.BOOT_REUSED]
    assert doubts_of([boot("a", 1), boot("b", 2), boot("a", 1)]) == [DoubtKind.BOOTS_ALTERNATE]
    assert doubts_of([boot("a", 5), boot("b", 3)]) == [DoubtKind.BOOTS_ALTERNATE]
    assert doubts_of([boot("a", 1, 1), boot("a", 1, 2), boot("a", 2, 1)]) == [DoubtKind.BOOTS_ALTERNATE]
