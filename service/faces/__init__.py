"""Enrolling a face: live frames against the portrait of the document, and the template until it is erased."""
