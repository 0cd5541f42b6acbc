ALTER TABLE chain_head DROP COLUMN key_epoch;
DROP TABLE past_chain_key;
