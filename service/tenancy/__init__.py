"""From a landlord's invitation over the tenant's registration to a tenancy, and to its end."""
