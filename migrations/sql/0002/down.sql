DROP TABLE chain_head;
ALTER TABLE lock DROP COLUMN signing_key;
