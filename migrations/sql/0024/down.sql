CREATE INDEX presence_as_of_idx ON presence (as_of) WHERE state = 'out';
