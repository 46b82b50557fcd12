SELECT pg_sleep(8);
CREATE TABLE visits (day date);
