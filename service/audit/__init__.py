"""The ledger of who did and looked at what; append-only, written in the transaction of the act itself."""
