DROP TABLE lock_report_word;
