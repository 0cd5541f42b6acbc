DROP TABLE alarm;
DROP FUNCTION asking_police;
