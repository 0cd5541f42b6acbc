"""What the locks have signed of their event chains, and the certificate that nothing of a day is missing."""
