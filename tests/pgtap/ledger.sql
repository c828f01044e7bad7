-- The ledger: one way in, fenced by the head; nothing in it changes; each role may do its own part and no more.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(28);

-- One entry of gw-one, seq p_seq, at the head as p_size and p_root have it.
CREATE FUNCTION pg_temp.append_one(p_size bigint, p_root bytea, p_seq bigint, p_tiles integer DEFAULT 0) RETURNS bigint
    LANGUAGE sql AS $$
    SELECT ledger.append(0, p_size, p_root,
        decode(repeat('11', 32 * bit_count(int8send(p_size + 1))::integer), 'hex'), sha256(int8send(p_size + 1)),
        CASE WHEN p_size = 0 THEN '{1}'::integer[] ELSE '{}' END,
        CASE WHEN p_size = 0 THEN ARRAY[sha256('key')] ELSE '{}' END,
        CASE WHEN p_size = 0 THEN '{gw-one}'::text[] ELSE '{}' END,
        '{1}', '{gw-one}', ARRAY[decode(repeat('ab', 16), 'hex')], ARRAY[format('{[1,%s]}', p_seq)],
        ARRAY[p_seq], ARRAY[sha256(int8send(p_seq))], '{f}',
        array_fill(0::smallint, ARRAY[p_tiles]), array_fill(0::bigint, ARRAY[p_tiles]),
        array_fill(decode(repeat('22', 8192), 'hex'), ARRAY[p_tiles]),
        '{1}', ARRAY[p_seq], '{1}', '{1}', ARRAY[decode(repeat('33', 64), 'hex')], ARRAY[int8send(p_seq)],
        ARRAY[NULL]::bytea[], ARRAY[NULL]::text[], '{0}', ARRAY[now()])
    $$;
CREATE FUNCTION pg_temp.root() RETURNS bytea LANGUAGE sql AS 'SELECT root FROM ledger.head WHERE shard = 0';

SELECT is((SELECT size FROM ledger.head WHERE shard = 0), 0::bigint, 'a new ledger is empty');
SELECT is(pg_temp.root(), sha256(''), 'and its root is the hash of nothing');

SET ROLE silsila_ingest;
SELECT is(pg_temp.append_one(0, pg_temp.root(), 1), 1::bigint, 'the ingest appends through the function');
SELECT is(pg_temp.append_one(1, pg_temp.root(), 2, 1), 2::bigint, 'and again, with a tile');
SELECT throws_ok($$ SELECT pg_temp.append_one(1, pg_temp.root(), 3) $$, 'SL001', NULL, 'a wrong size is fenced off');
SELECT throws_ok($$ SELECT pg_temp.append_one(2, sha256('other'), 3) $$, 'SL001', NULL, 'a wrong root is fenced off');
SELECT throws_ok($$ INSERT INTO ledger.entry VALUES (9, 9, now(), 1, 1, 1, 0, '', '') $$, '42501', NULL,
    'the ingest cannot insert by itself');
SELECT throws_ok($$ UPDATE ledger.head SET size = 0 $$, '42501', NULL, 'nor move the head');
SELECT throws_ok($$ DELETE FROM ledger.entry $$, '42501', NULL, 'nor delete');
SELECT throws_ok($$ UPDATE ledger.origin SET name = 'x' $$, '42501', NULL, 'nor touch the origin');
RESET ROLE;

SELECT is((SELECT size FROM ledger.head WHERE shard = 0), 2::bigint, 'what was fenced off left no trace in the head');
SELECT results_eq('SELECT position, gateway, seq, lane FROM ledger.envelope ORDER BY position',
    $$ VALUES (0::bigint, 'gw-one'::text, 1::bigint, 'live'::text), (1, 'gw-one', 2, 'live') $$, 'positions are consecutive');
SELECT is((SELECT stored FROM ledger.epoch), '{[1,3)}'::int8multirange, 'the epoch knows what is stored');
SELECT is((SELECT count(*) FROM ledger.tile), 1::bigint, 'the tile is stored');

-- Nothing changes, whoever asks: this is the superuser.
SELECT throws_ok($$ UPDATE ledger.entry SET body = 'x' $$, 'SL003', NULL, 'entries are never changed');
SELECT throws_ok($$ DELETE FROM ledger.entry $$, 'SL003', NULL, 'or deleted');
SELECT throws_ok($$ TRUNCATE ledger.entry $$, 'SL003', NULL, 'or emptied');
SELECT throws_ok($$ UPDATE ledger.tile SET hashes = hashes $$, 'SL003', NULL, 'nor tiles');
SELECT throws_ok($$ DELETE FROM ledger.key $$, 'SL003', NULL, 'nor keys');
SELECT throws_ok($$ INSERT INTO ledger.entry SELECT position, seq, now(), 1, 1, 1, 0, signature, body FROM ledger.entry $$,
    '23505', NULL, 'a position is taken once');

-- Partitions on demand, none by default.
SELECT is_empty($$ SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'ledger.entry'::regclass AND pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT' $$, 'no default partition');
SELECT throws_ok($$ INSERT INTO ledger.entry VALUES (ledger.partition_span(), 1, now(), 1, 1, 1, 0, '', '') $$, '23514', NULL,
    'what has no partition is refused');
SELECT is(ledger.make_partitions(0, ledger.partition_span()), 2 * ledger.partition_span(), 'the next one is made');
SELECT is(ledger.make_partitions(0, ledger.partition_span()), 2 * ledger.partition_span(), 'and making it again is nothing');
SELECT lives_ok($$ INSERT INTO ledger.entry VALUES (ledger.partition_span(), 1, now(), 1, 1, 1, 0, '', '') $$, 'then it has room');
SELECT throws_ok($$ UPDATE ledger.entry SET seq = 2 WHERE position = ledger.partition_span() $$, 'SL003', NULL,
    'a partition made later is insert only too');

-- Readers read.
SET ROLE silsila_auditor;
SELECT isnt_empty('SELECT * FROM ledger.envelope', 'an auditor reads envelopes');
SELECT throws_ok($$ SELECT ledger.make_partitions(0, 0) $$, '42501', NULL, 'and runs nothing that writes');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
