-- Everything people can meet in the database says what it is.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(6);

CREATE TEMPORARY TABLE ours AS
    SELECT oid, nspname FROM pg_namespace WHERE nspname IN ('ledger', 'silsila', 'report', 'api');

SELECT is_empty($$
    SELECT nspname FROM ours WHERE obj_description(oid, 'pg_namespace') IS NULL
$$, 'every schema has a comment');

SELECT is_empty($$
    SELECT c.oid::regclass FROM pg_class c JOIN ours o ON o.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND obj_description(c.oid, 'pg_class') IS NULL
$$, 'every table and view has a comment');

SELECT is_empty($$
    SELECT c.oid::regclass, a.attname FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid JOIN ours o ON o.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped
      AND col_description(c.oid, a.attnum) IS NULL
$$, 'every column has a comment');

SELECT is_empty($$
    SELECT p.oid::regprocedure FROM pg_proc p JOIN ours o ON o.oid = p.pronamespace
    WHERE obj_description(p.oid, 'pg_proc') IS NULL
$$, 'every function has a comment');

SELECT is_empty($$
    SELECT t.oid::regtype FROM pg_type t JOIN ours o ON o.oid = t.typnamespace
    LEFT JOIN pg_class c ON c.oid = t.typrelid
    WHERE (t.typtype IN ('e', 'd') OR (t.typtype = 'c' AND c.relkind = 'c')) AND obj_description(t.oid, 'pg_type') IS NULL
$$, 'every type has a comment');

SELECT is_empty($$
    SELECT rolname FROM pg_roles WHERE rolname LIKE 'silsila\_%' AND shobj_description(oid, 'pg_authid') IS NULL
$$, 'every role has a comment');

SELECT * FROM finish();
ROLLBACK;
