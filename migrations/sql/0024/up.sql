-- Written at every opening, and a column that an index names costs each of these writes a new place in every index of the
-- table (no heap-only update). The nightly job reads the whole table instead: a row a resident.
DROP INDEX presence_as_of_idx;
