DROP TABLE lock_command;
