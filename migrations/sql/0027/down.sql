ALTER TABLE pin_drawing DROP COLUMN emergency;
