DROP TABLE tenancy_notice;
