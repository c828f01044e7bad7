-- The views and functions people read readings through: units, placements and calibrations as of then, superseded readings, loss account.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(17);

SELECT silsila.ensure_block_partition('2026-03-15 10:00+00');
SELECT silsila.ensure_block_partition('2026-03-15 10:00+00'); -- again is nothing

INSERT INTO silsila.chain (epoch_no, sender, epoch, folded, first_previous, last_hash, through, boots, rank, config_version)
VALUES (901, 'gw-test', decode(repeat('01', 16), 'hex'), '{[1,4),[6,8)}', '{}', '{}', 3, '{}', 0, 0),
       (902, 'gw-test', decode(repeat('02', 16), 'hex'), '{[1,3)}', '{}', '{}', 2, '{}', 1, 0);
UPDATE silsila.chain SET previous_epoch = decode(repeat('01', 16), 'hex'), last_certain_seq = 9 WHERE epoch_no = 902;

INSERT INTO silsila.probe (probe_no, gateway, probe) OVERRIDING SYSTEM VALUE VALUES (9001, 'gw-test', 'p1'), (9002, 'gw-test', 'p2');
INSERT INTO silsila.block (t0, seq, probe_no, epoch_no, step_ms, item, quality, standing, readings, thinned, values_mc, superseded, up_ms)
VALUES ('2026-03-15 10:00+00', 1, 9001, 901, 60000, 0, 0, 0, 3, false, '{-30000,-30125,-29999}', NULL, NULL),
       ('2026-03-15 10:02+00', 2, 9001, 901, 60000, 0, 0, 0, 2, false, '{-10000,-30250}', '{1}', NULL),
       ('2026-03-15 10:59:30+00', 3, 9001, 901, 60000, 0, 1, 0, 2, false, NULL, NULL, 5000),
       ('2026-03-15 10:00+00', 1, 9002, 901, 60000, 1, 0, 1, 1, false, '{4000}', NULL, NULL);

INSERT INTO silsila.placement_entry (gateway, probe, equipment, role, valid_from, epoch_no, seq, item, body_hash, place_in_order)
VALUES ('gw-test', 'p1', 'freezer-1', 'product', '2026-03-15 09:00+00', 903, 1, 0, '', '\x01'),
       ('gw-test', 'p1', 'freezer-2', 'product', '2026-03-15 10:01+00', 903, 2, 0, '', '\x02'),
       ('gw-test', 'p1', 'freezer-3', 'product', '2026-03-15 10:01+00', 903, 3, 0, '', '\x03'),
       ('gw-test', 'p1', '', '', '2026-03-15 10:03+00', 903, 4, 0, '', '\x04');
INSERT INTO silsila.calibration_entry (gateway, probe, offset_mc, certificate, laboratory, valid_from, epoch_no, seq, item, body_hash, place_in_order)
VALUES ('gw-test', 'p1', 125, '', '', '2026-03-15 10:01+00', 903, 5, 0, '', '\x05');

SELECT is(count(*), 7::bigint, 'a superseded reading is not a row') FROM silsila.reading WHERE gateway = 'gw-test';
SELECT is(celsius, -30.000, 'no calibration yet: the raw value') FROM silsila.reading WHERE gateway = 'gw-test' AND probe = 'p1' AND measured_at = '2026-03-15 10:00+00';
SELECT is(celsius, -30.000, 'from its first instant the calibration counts') FROM silsila.reading WHERE gateway = 'gw-test' AND probe = 'p1' AND measured_at = '2026-03-15 10:01+00';
SELECT is(raw_celsius, -30.125, 'the raw value stays') FROM silsila.reading WHERE gateway = 'gw-test' AND probe = 'p1' AND measured_at = '2026-03-15 10:01+00';
SELECT is(equipment, 'freezer-1', 'placed where it was then') FROM silsila.reading WHERE gateway = 'gw-test' AND probe = 'p1' AND measured_at = '2026-03-15 10:00+00';
SELECT is(equipment, 'freezer-3', 'of two entries for one instant the last in order holds') FROM silsila.reading WHERE gateway = 'gw-test' AND probe = 'p1' AND measured_at = '2026-03-15 10:01+00';
SELECT is(equipment, NULL, 'taken out: in no equipment') FROM silsila.reading WHERE gateway = 'gw-test' AND probe = 'p1' AND measured_at = '2026-03-15 10:03+00';
SELECT results_eq(
  $$SELECT quality, celsius, time_repaired FROM silsila.reading WHERE gateway = 'gw-test' AND measured_at > '2026-03-15 10:50+00'$$,
  $$VALUES ('empty_read', NULL::numeric, true), ('empty_read', NULL::numeric, true)$$, 'a reading without a value says why');
SELECT is(quality, 'disputed', 'a forked body is disputed') FROM silsila.reading WHERE gateway = 'gw-test' AND probe = 'p2';

SELECT results_eq(
  $$SELECT measured_at, celsius, equipment, quality FROM silsila.readings('gw-test/p1', '2026-03-15 09:30+00', '2026-03-15 11:30+00')$$,
  $$SELECT measured_at, celsius, equipment, quality FROM silsila.reading WHERE gateway = 'gw-test' AND probe = 'p1' ORDER BY 1$$,
  'the function and the view say the same');
SELECT results_eq(
  $$SELECT count(*) FROM silsila.readings('p1', '2026-03-15 10:01+00', '2026-03-15 10:03+00')$$, $$VALUES (2::bigint)$$,
  'from is inside, to is not, and a probe id alone will do');
SELECT results_eq(
  $$SELECT count(*) FROM silsila.readings('gw-test/p1', '2026-03-15 11:00+00', '2026-03-15 12:00+00')$$, $$VALUES (1::bigint)$$,
  'a block that began in the hour before is found');

SELECT results_eq(
  $$SELECT highest_known, stored, missing, missing_ranges::text, tail_unknown FROM silsila.loss_account WHERE gateway = 'gw-test' ORDER BY rank$$,
  $$VALUES (9::bigint, 5::bigint, 4::bigint, '{[4,6),[8,10)}', false), (2::bigint, 2::bigint, 0::bigint, '{}', true)$$,
  'the next epoch tells how far the one before went');

SELECT results_eq(
  $$SELECT equipment, valid_from, valid_to FROM silsila.placement WHERE gateway = 'gw-test' ORDER BY valid_from$$,
  $$VALUES ('freezer-1', '2026-03-15 09:00+00'::timestamptz, '2026-03-15 10:01+00'::timestamptz),
           ('freezer-3', '2026-03-15 10:01+00', '2026-03-15 10:03+00'), ('', '2026-03-15 10:03+00', NULL)$$,
  'placements are intervals, half open');

SELECT throws_ok($$INSERT INTO silsila.block (t0, seq, probe_no, epoch_no, step_ms, item, quality, standing, readings, thinned)
                   VALUES ('2031-01-01', 1, 9001, 901, 1, 0, 0, 0, 1, false)$$, '23514', NULL, 'there is no default partition');
SELECT lives_ok($$SELECT silsila.ensure_block_partition('2031-01-31 23:59:59.999+00')$$, 'a partition is made on demand');
SELECT lives_ok($$INSERT INTO silsila.block (t0, seq, probe_no, epoch_no, step_ms, item, quality, standing, readings, thinned)
                  VALUES ('2031-01-01', 1, 9001, 901, 1, 0, 0, 0, 1, false)$$, 'and takes the row');

SELECT * FROM finish();
ROLLBACK;
