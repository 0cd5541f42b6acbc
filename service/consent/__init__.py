"""The ledger of consents: what was agreed to, in which wording, by whom, and when it ended."""
