REVOKE UPDATE (version) ON access_list FROM anmen_ingest;
