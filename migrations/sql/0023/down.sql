DROP FUNCTION keep_certificate;
DROP VIEW open_certificate_request;
DROP TABLE certificate_request;
