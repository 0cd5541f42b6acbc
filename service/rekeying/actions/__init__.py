"""What is done when a lock's keys change: before it, over the link, and for what was recorded under the old ones."""

from service.rekeying.actions.changing import answered, call_off, due, is_unheard_of, take
from service.rekeying.actions.past import chain_keys, forget_past_keys, keep_chain_key

__all__ = [
    "answered",
    "call_off",
    "chain_keys",
    "due",
    "forget_past_keys",
    "is_unheard_of",
    "keep_chain_key",
    "take",
]
