"""Checks of docs/protocol/keys.md: a new certificate. The kit has no authority, and none of these can be seen without one."""

from anmen.conformance.registry import declared

_NO_AUTHORITY = "The kit has no certificate authority that the lock's broker trusts: the maker's word."
_NOT_NEAR_ITS_END = (
    "The certificate that a lock comes with need not be near its end while the kit looks: the maker's word."
)

declared(dict.fromkeys(("ANM-KEY-036", "ANM-KEY-037", "ANM-KEY-038"), _NO_AUTHORITY))
declared(dict.fromkeys(("ANM-KEY-032", "ANM-KEY-033", "ANM-KEY-034"), _NOT_NEAR_ITS_END))
