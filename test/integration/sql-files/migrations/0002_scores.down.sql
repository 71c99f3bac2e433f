ALTER TABLE papers DROP COLUMN reviewed;
DROP TABLE scores;
