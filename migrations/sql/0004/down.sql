DROP TABLE identity_doubt, proven_boot;
