"""Offering, opening, calling off, accepting and viewing a transfer; the public names of all."""

from service.transfers.actions.accepting import accept
from service.transfers.actions.offering import Offer, call_off, offer, open_transfer
from service.transfers.actions.viewing import (
    get_transfer,
    new_landlords,
    offered,
    owners_of,
    transfers_of,
    unfinished_claims,
)

__all__ = [
    "Offer",
    "accept",
    "call_off",
    "get_transfer",
    "new_landlords",
    "offer",
    "offered",
    "open_transfer",
    "owners_of",
    "transfers_of",
    "unfinished_claims",
]
