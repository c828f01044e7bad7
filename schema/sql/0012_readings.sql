-- Readings as blocks: (probe, t0, step, values[]), at most one UTC hour each. One row a reading costs 95 bytes and 171 k rows/s with a
-- (probe, time) index; blocks of fifteen cost a quarter of that, blocks of sixty a fifteenth (measured, see README.md).

CREATE TABLE silsila.probe (
  probe_no      integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  gateway       text NOT NULL,
  probe         text NOT NULL,
  overlapping   boolean NOT NULL DEFAULT false,
  UNIQUE (gateway, probe)
);
SELECT silsila.describe('silsila.probe', 'Every probe that ever reported.',
  'probe_no', 'Surrogate of (gateway, probe) in this database.',
  'gateway', 'Gateway that owns the probe.', 'probe', 'The gateway''s own name of it.',
  'overlapping', 'Two of its readings name the same instant: silsila.block.superseded tells which one counts.');

CREATE TABLE silsila.block (
  t0            timestamptz NOT NULL,
  seq           bigint NOT NULL,
  probe_no      integer NOT NULL,
  epoch_no      integer NOT NULL,
  step_ms       integer NOT NULL,
  item          smallint NOT NULL,
  quality       smallint NOT NULL,
  standing      smallint NOT NULL,
  readings      smallint NOT NULL,
  thinned       boolean NOT NULL,
  values_mc     integer[],
  superseded    integer[],
  up_ms         bigint,
  body_hash     bytea
) PARTITION BY RANGE (t0);
CREATE INDEX block_probe ON silsila.block (probe_no, t0);
SELECT silsila.describe('silsila.block', 'Readings of one probe on one step grid with one quality, at most one UTC hour.',
  't0', 'Scheduled instant of the first reading, UTC.', 'seq', 'Sequence number of the body they came in.',
  'probe_no', 'Probe (silsila.probe).', 'epoch_no', 'Epoch of the body (silsila.chain).',
  'step_ms', 'Milliseconds from one reading to the next.', 'item', 'Index of the item in its body.',
  'quality', 'Wire number of the quality; 0 is good.',
  'standing', '0 counts, 1 disputed by a fork, 2 on a branch that was not chosen, 3 signed by a revoked key.',
  'readings', 'How many readings.', 'thinned', 'Readings between these were given up for want of room.',
  'values_mc', 'Raw values, millidegrees Celsius; null: the probe gave none.',
  'superseded', 'Indexes (from 1) of readings for whose instant a later one in the order of the rules counts; null: none.',
  'up_ms', 'Boot time of the first reading, when its time was repaired; null: the clock was synchronised.',
  'body_hash', 'SHA-256 of the body where its epoch is forked; null: not forked.');

CREATE TABLE silsila.block_untimed (
  probe_no      integer NOT NULL,
  epoch_no      integer NOT NULL,
  seq           bigint NOT NULL,
  item          smallint NOT NULL,
  boot          bytea NOT NULL,
  up_ms         bigint NOT NULL,
  sealed_up_ms  bigint NOT NULL,
  step_ms       integer NOT NULL,
  quality       smallint NOT NULL,
  standing      smallint NOT NULL,
  readings      smallint NOT NULL,
  values_mc     integer[],
  body_hash     bytea NOT NULL
);
CREATE INDEX block_untimed_boot ON silsila.block_untimed (boot);
CREATE INDEX block_untimed_place ON silsila.block_untimed (epoch_no, seq);
SELECT silsila.describe('silsila.block_untimed', 'Readings taken on a clock that nobody vouched for. Those that a synchronised body of the same boot gives a time stand in silsila.block too; the others are stored and counted, without a time.',
  'probe_no', 'Probe (silsila.probe).', 'epoch_no', 'Epoch of the body (silsila.chain).',
  'seq', 'Sequence number of the body they came in.', 'item', 'Index of the item in its body.',
  'boot', 'Boot id.', 'up_ms', 'Boot time of the first reading, milliseconds.',
  'sealed_up_ms', 'Boot time of the sealing, milliseconds: no reading can be later.',
  'step_ms', 'Milliseconds from one reading to the next.', 'quality', 'Wire number of the quality; 0 is good.',
  'standing', 'As in silsila.block.', 'readings', 'How many readings.',
  'values_mc', 'Raw values, millidegrees Celsius; null: the probe gave none.', 'body_hash', 'SHA-256 of the body.');

CREATE TABLE silsila.device_event (
  epoch_no      integer NOT NULL,
  seq           bigint NOT NULL,
  item          integer NOT NULL,
  standing      smallint NOT NULL,
  type          smallint NOT NULL,
  at            timestamptz,
  until         timestamptz,
  boot          bytea,
  up_ms         bigint,
  probe         text NOT NULL,
  value         bigint NOT NULL,
  content       text NOT NULL,
  latitude_e7   integer NOT NULL,
  longitude_e7  integer NOT NULL,
  measures      jsonb,
  body_hash     bytea NOT NULL
);
CREATE INDEX device_event_place ON silsila.device_event (epoch_no, seq);
CREATE INDEX device_event_at ON silsila.device_event (at);
SELECT silsila.describe('silsila.device_event', 'One thing a gateway noticed about itself or its equipment.',
  'epoch_no', 'Epoch of the body (silsila.chain).', 'seq', 'Sequence number of the body.', 'item', 'Index of the item in its body.',
  'standing', 'As in silsila.block.', 'type', 'Wire number: 1 door opened, 2 closed, 3 mains lost, 4 back, 5 battery, 6 position, 7 restart, 8 clock step, 9 clock suspect, 10 probe found, 11 lost, 12 faulty, 13 local alarm, 14 samples lost, 15 health, 16 security, 17 outbox trouble, 18 configuration refused.',
  'at', 'When, UTC; null while its clock is not repaired.', 'until', 'End of the interval it speaks of, UTC.',
  'boot', 'Boot id, when the clock was not synchronised.', 'up_ms', 'Boot time, milliseconds, when the clock was not synchronised.',
  'probe', 'Probe it is about, or empty.', 'value', 'Number with the unit its type says.', 'content', 'Text.',
  'latitude_e7', 'Latitude, 1e-7 degrees.', 'longitude_e7', 'Longitude, 1e-7 degrees.',
  'measures', 'Health figures by name.', 'body_hash', 'SHA-256 of the body.');

CREATE TABLE silsila.clock_sync (
  sender        text NOT NULL,
  boot          bytea NOT NULL,
  up_ms         bigint NOT NULL,
  wall          timestamptz NOT NULL,
  epoch_no      integer NOT NULL,
  seq           bigint NOT NULL
);
CREATE INDEX clock_sync_boot ON silsila.clock_sync (sender, boot, up_ms);
CREATE INDEX clock_sync_place ON silsila.clock_sync (epoch_no, seq);
SELECT silsila.describe('silsila.clock_sync', 'Synchronised bodies of boots that also sent unsynchronised ones: what repairs their times.',
  'sender', 'Who sealed it.', 'boot', 'Boot id.', 'up_ms', 'Boot time at sealing, milliseconds.',
  'wall', 'Wall time at sealing, UTC.', 'epoch_no', 'Epoch of the body (silsila.chain).', 'seq', 'Sequence number of the body.');

-- A month of blocks, made when its first reading comes. Attached rather than created in place: that lock lets readers and writers go on.
CREATE FUNCTION silsila.ensure_block_partition(month timestamptz) RETURNS void LANGUAGE plpgsql
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  first timestamptz := date_trunc('month', month AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
  next timestamptz := (date_trunc('month', month AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC';
  name text := 'block_' || to_char(month AT TIME ZONE 'UTC', 'YYYY_MM');
BEGIN
  IF to_regclass('silsila.' || name) IS NOT NULL THEN RETURN; END IF;
  EXECUTE format('CREATE TABLE silsila.%I (LIKE silsila.block INCLUDING DEFAULTS INCLUDING COMMENTS)', name);
  EXECUTE format('COMMENT ON TABLE silsila.%I IS %L', name, 'Blocks that begin in ' || to_char(month AT TIME ZONE 'UTC', 'YYYY-MM') || ', UTC.');
  EXECUTE format('ALTER TABLE silsila.block ATTACH PARTITION silsila.%I FOR VALUES FROM (%L) TO (%L)', name, first, next);
END $$;
COMMENT ON FUNCTION silsila.ensure_block_partition(timestamptz) IS 'Makes the partition of silsila.block for the UTC month of an instant, unless it is there.';

CREATE FUNCTION silsila.quality_word(quality integer, standing integer) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN CASE standing
    WHEN 0 THEN (ARRAY['good', 'empty_read', 'crc_error', 'power_on_value', 'out_of_range', 'stuck', 'fault'])[quality + 1]
    WHEN 1 THEN 'disputed' WHEN 2 THEN 'other_branch' ELSE 'key_revoked' END;
COMMENT ON FUNCTION silsila.quality_word(integer, integer) IS 'The word for a quality, or for the reason why a whole body does not count.';

CREATE FUNCTION silsila.placed_in(of_gateway text, of_probe text, at timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
  RETURN (SELECT NULLIF(p.equipment, '') FROM silsila.placement_entry p
           WHERE p.gateway = of_gateway AND p.probe = of_probe AND p.valid_from <= at
           ORDER BY p.valid_from DESC, p.place_in_order DESC LIMIT 1);
COMMENT ON FUNCTION silsila.placed_in(text, text, timestamptz) IS 'Equipment in which a probe was placed at an instant; null: in none.';

CREATE FUNCTION silsila.offset_mc(of_gateway text, of_probe text, at timestamptz) RETURNS integer LANGUAGE sql STABLE PARALLEL SAFE
  RETURN coalesce((SELECT c.offset_mc FROM silsila.calibration_entry c
           WHERE c.gateway = of_gateway AND c.probe = of_probe AND c.valid_from <= at
           ORDER BY c.valid_from DESC, c.place_in_order DESC LIMIT 1), 0);
COMMENT ON FUNCTION silsila.offset_mc(text, text, timestamptz) IS 'Calibration offset of a probe at an instant, millidegrees Celsius; 0 before its first calibration.';

CREATE VIEW silsila.reading WITH (security_invoker = true) AS
  SELECT p.gateway, p.probe, silsila.placed_in(p.gateway, p.probe, r.measured_at) AS equipment, r.measured_at,
         ((r.raw_mc + silsila.offset_mc(p.gateway, p.probe, r.measured_at)) / 1000.0)::numeric(9, 3) AS celsius,
         silsila.quality_word(b.quality, b.standing) AS quality,
         (r.raw_mc / 1000.0)::numeric(9, 3) AS raw_celsius, b.thinned, b.up_ms IS NOT NULL AS time_repaired,
         b.epoch_no, b.seq, b.item
    FROM silsila.block b
    JOIN silsila.probe p USING (probe_no)
    CROSS JOIN LATERAL (
      SELECT b.t0 + i * b.step_ms * interval '1 millisecond' AS measured_at, b.values_mc[i + 1] AS raw_mc
        FROM generate_series(0, b.readings - 1) AS i
       WHERE b.superseded IS NULL OR NOT (i + 1 = ANY (b.superseded))) AS r;
SELECT silsila.describe('silsila.reading', 'One reading. For one probe and an interval, silsila.readings() is the fast way.',
  'gateway', 'Gateway that owns the probe.', 'probe', 'Probe id on that gateway.',
  'equipment', 'Equipment the probe was placed in at that instant; null: in none.', 'measured_at', 'Scheduled instant, UTC.',
  'celsius', 'Value used, degrees Celsius: raw plus calibration offset; null: the probe gave none.',
  'quality', 'good, or why it is not.', 'raw_celsius', 'As the probe gave it, degrees Celsius.',
  'thinned', 'Readings beside this one were given up for want of room.',
  'time_repaired', 'The clock was not synchronised; the time comes from a later or earlier synchronised body of the same boot.',
  'epoch_no', 'Epoch of the body it came in.', 'seq', 'Sequence number of that body.', 'item', 'Index of the item in that body.');

CREATE FUNCTION silsila.readings(of_probe text, from_time timestamptz, to_time timestamptz)
  RETURNS TABLE (gateway text, probe text, equipment text, measured_at timestamptz, celsius numeric, quality text)
  LANGUAGE sql STABLE PARALLEL SAFE AS $$
  WITH wanted AS MATERIALIZED (
    SELECT p.probe_no, p.gateway, p.probe FROM silsila.probe p
     WHERE p.probe = CASE WHEN strpos(of_probe, '/') > 0 THEN substr(of_probe, strpos(of_probe, '/') + 1) ELSE of_probe END
       AND (strpos(of_probe, '/') = 0 OR p.gateway = substr(of_probe, 1, strpos(of_probe, '/') - 1)))
  SELECT w.gateway, w.probe, NULLIF(pl.equipment, ''), r.at,
         ((r.raw_mc + coalesce(ca.offset_mc, 0)) / 1000.0)::numeric(9, 3), silsila.quality_word(b.quality, b.standing)
    FROM wanted w
    JOIN silsila.block b ON b.probe_no = w.probe_no AND b.t0 > from_time - interval '1 hour' AND b.t0 < to_time
    CROSS JOIN LATERAL (
      SELECT b.t0 + i * b.step_ms * interval '1 millisecond' AS at, b.values_mc[i + 1] AS raw_mc
        FROM generate_series(0, b.readings - 1) AS i
       WHERE b.superseded IS NULL OR NOT (i + 1 = ANY (b.superseded))) AS r
    LEFT JOIN LATERAL (SELECT v.equipment FROM silsila.placement_entry v
       WHERE v.gateway = w.gateway AND v.probe = w.probe AND v.valid_from <= r.at
       ORDER BY v.valid_from DESC, v.place_in_order DESC LIMIT 1) AS pl ON true
    LEFT JOIN LATERAL (SELECT c.offset_mc FROM silsila.calibration_entry c
       WHERE c.gateway = w.gateway AND c.probe = w.probe AND c.valid_from <= r.at
       ORDER BY c.valid_from DESC, c.place_in_order DESC LIMIT 1) AS ca ON true
   WHERE r.at >= from_time AND r.at < to_time
   ORDER BY r.at
$$;
COMMENT ON FUNCTION silsila.readings(text, timestamptz, timestamptz) IS
  'Readings of one probe (gateway/probe, or the probe id alone where it is unique) over [from, to), in order; bounds the blocks it looks at.';
