-- A lock that was reported stolen or broken is there again. It speaks under its old keys, which somebody else had in hand: until it is
-- claimed anew, which changes provisioned_at, nobody's way in is put on it.
ALTER TABLE lock ADD COLUMN found_at timestamptz;
