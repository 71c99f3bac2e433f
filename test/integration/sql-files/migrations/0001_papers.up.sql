CREATE TABLE papers (id int PRIMARY KEY, title text NOT NULL);
