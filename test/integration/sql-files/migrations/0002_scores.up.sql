CREATE TABLE scores (paper int PRIMARY KEY REFERENCES papers, score numeric NOT NULL);
ALTER TABLE papers ADD COLUMN reviewed boolean NOT NULL DEFAULT false;
