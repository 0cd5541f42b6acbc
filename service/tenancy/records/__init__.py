"""Tables and SQL of invitations, registrations and tenancies."""
