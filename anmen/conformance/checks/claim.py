"""Sentences of docs/protocol/claim.md that show on no link."""

from anmen.conformance.registry import declared

declared(
    {
        "ANM-CLM-001": "It is people's hands and the service that read a secret; a lock only bears one, on its inside.",
        "ANM-CLM-002": "Where the secret stands and what begins a claim are a matter of the case and its button: the maker's word.",
    }
)
