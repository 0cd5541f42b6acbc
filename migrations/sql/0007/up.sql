GRANT UPDATE (version) ON access_list TO anmen_ingest;
