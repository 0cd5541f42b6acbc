"""Real-name records: names, documents and phones, sealed; and how somebody's identity was proven."""
