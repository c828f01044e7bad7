-- Registers: every entry as it came, none overwritten. place_in_order sorts entries of one subject and instant as the rules say
-- (sender, place of its epoch in the chain of epochs, seq, position); the last of them counts, whatever the order of arrival.

-- Makes one table of entries: its own columns, then the six that every entry has. pairs: column, comment, column, comment, …
CREATE FUNCTION pg_temp.entries(name text, columns text, about text, VARIADIC pairs text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TABLE silsila.%I (%s, valid_from timestamptz NOT NULL, epoch_no integer NOT NULL, seq bigint NOT NULL,
                  item integer NOT NULL, body_hash bytea NOT NULL, place_in_order bytea NOT NULL)', name, columns);
  EXECUTE format('CREATE INDEX %I ON silsila.%I (epoch_no, seq)', name || '_place', name);
  EXECUTE format('COMMENT ON TABLE silsila.%I IS %L', name, about);
  pairs := pairs || ARRAY['valid_from', 'From when it holds, until the next entry for the same subject, UTC.',
                          'epoch_no', 'Epoch of the sender that said so (silsila.chain).',
                          'seq', 'Sequence number of the body that said so.',
                          'item', 'Index of the item in that body.',
                          'body_hash', 'SHA-256 of that body.',
                          'place_in_order', 'Sorts entries of one subject and instant; the last counts.'];
  FOR i IN 1 .. array_length(pairs, 1) BY 2 LOOP
    EXECUTE format('COMMENT ON COLUMN silsila.%I.%I IS %L', name, pairs[i], pairs[i + 1]);
  END LOOP;
END $$;

SELECT pg_temp.entries('key', 'key_id bytea NOT NULL, owner text NOT NULL, kind smallint NOT NULL, public_key bytea NOT NULL,
                               site text NOT NULL, roles text[] NOT NULL',
  'Record keys of gateways, desks and adapters, as registered by an admin key.',
  'key_id', 'SHA-256 of the SubjectPublicKeyInfo.', 'owner', 'Id that signs with it.',
  'kind', '1 gateway, 2 desk, 3 adapter.', 'public_key', 'SubjectPublicKeyInfo, DER.',
  'site', 'Site the owner belongs to; empty: none stated.', 'roles', 'Roles of a desk, such as laboratory.');
CREATE INDEX key_owner ON silsila.key (owner);

SELECT pg_temp.entries('key_revocation', 'key_id bytea NOT NULL, owner text NOT NULL, trusted_epoch bytea, trusted_seq bigint NOT NULL, why text NOT NULL',
  'Keys no longer trusted beyond a position of their owner''s chain.',
  'key_id', 'SHA-256 of the SubjectPublicKeyInfo.', 'owner', 'Id that signed with it.',
  'trusted_epoch', 'Epoch of the last body that is still trusted; null: none is.',
  'trusted_seq', 'Seq of the last body that is still trusted.', 'why', 'Reason given.');
CREATE INDEX key_revocation_owner ON silsila.key_revocation (owner);

SELECT pg_temp.entries('site_entry', 'id text NOT NULL, name text NOT NULL, own boolean NOT NULL, gln text NOT NULL, zone text NOT NULL, region text NOT NULL',
  'Entries of the register of sites; silsila.site is what holds now.',
  'id', 'Site id.', 'name', 'Name for people.', 'own', 'Inside Silsila, as against a place lots are sent to or come from.',
  'gln', 'GS1 location number, or empty.', 'zone', 'IANA time zone; empty: Africa/Casablanca.', 'region', 'Region, for maps and reports.');

SELECT pg_temp.entries('equipment_entry', 'id text NOT NULL, name text NOT NULL, kind text NOT NULL, site text NOT NULL, max_gap_ms bigint NOT NULL,
                                           cadence_ms bigint NOT NULL, container text NOT NULL, rules jsonb NOT NULL,
                                           out_of_service boolean NOT NULL, giai text NOT NULL',
  'Entries of the register of equipment; silsila.equipment is what holds now.',
  'id', 'Equipment id.', 'name', 'Name for people.', 'kind', 'freezer, refrigerator, cold_room, incubator, transport_box or vehicle.',
  'site', 'Site it belongs to.', 'max_gap_ms', 'How long a reading holds its value, milliseconds.',
  'cadence_ms', 'Planned time between readings, milliseconds.', 'container', 'Lot id, when this equipment is also a container; else empty.',
  'rules', 'Excursion rules: id, op, limit_mc, limit_high_mc, delay_ms, hysteresis_mc, tier, role.',
  'out_of_service', 'Taken out of service from valid_from on.', 'giai', 'GS1 asset identifier, or empty.');
CREATE INDEX equipment_entry_id ON silsila.equipment_entry (id, valid_from);

SELECT pg_temp.entries('product_entry', 'code text NOT NULL, name text NOT NULL, policy text NOT NULL, shelf_life_days integer NOT NULL,
                                         shelf_life_months integer NOT NULL, required_tests text[] NOT NULL',
  'Entries of the register of products.',
  'code', 'Product code.', 'name', 'Name for people.', 'policy', 'Policy that judges lots of this product.',
  'shelf_life_days', 'Shelf life, days; 0: none stated.', 'shelf_life_months', 'Shelf life, months; 0: none stated.',
  'required_tests', 'Analyses that must be negative before release.');

SELECT pg_temp.entries('placement_entry', 'gateway text NOT NULL, probe text NOT NULL, equipment text NOT NULL, role text NOT NULL',
  'Entries of the register of placements; silsila.placement has their intervals.',
  'gateway', 'Gateway that owns the probe.', 'probe', 'Probe id on that gateway.',
  'equipment', 'Equipment it is placed in; empty: taken out.', 'role', 'product or air.');
CREATE INDEX placement_entry_probe ON silsila.placement_entry (gateway, probe, valid_from DESC, place_in_order DESC);

SELECT pg_temp.entries('calibration_entry', 'gateway text NOT NULL, probe text NOT NULL, offset_mc integer NOT NULL, due timestamptz,
                                             certificate text NOT NULL, laboratory text NOT NULL',
  'Entries of the register of calibrations; silsila.calibration has their intervals.',
  'gateway', 'Gateway that owns the probe.', 'probe', 'Probe id on that gateway.',
  'offset_mc', 'Added to the raw value, millidegrees Celsius.', 'due', 'When the next calibration is due, UTC.',
  'certificate', 'Certificate number.', 'laboratory', 'Who calibrated.');
CREATE INDEX calibration_entry_probe ON silsila.calibration_entry (gateway, probe, valid_from DESC, place_in_order DESC);

SELECT pg_temp.entries('policy_entry', 'id text NOT NULL, version integer NOT NULL, content bytea NOT NULL',
  'Policy files as loaded.',
  'id', 'Policy id.', 'version', 'Version of the policy.', 'content', 'The file, byte for byte.');

SELECT pg_temp.entries('person_entry', 'id text NOT NULL, name text NOT NULL, roles text[] NOT NULL, sites text[] NOT NULL, badge text NOT NULL,
                                        language text NOT NULL, has_left boolean NOT NULL',
  'Entries of the register of persons who handle lots or decide; never donors or patients.',
  'id', 'Person id.', 'name', 'Name for people.', 'roles', 'Roles held.', 'sites', 'Sites where they hold.',
  'badge', 'Badge code, or empty.', 'language', 'fr, ar or en.', 'has_left', 'No longer works here from valid_from on.');

SELECT pg_temp.entries('swap_entry', 'old_gateway text NOT NULL, new_gateway text NOT NULL, why text NOT NULL',
  'One gateway took another''s place.',
  'old_gateway', 'The one that went.', 'new_gateway', 'The one that came.', 'why', 'Reason given.');

SELECT pg_temp.entries('branch_entry', 'gateway text NOT NULL, epoch bytea NOT NULL, from_seq bigint NOT NULL, branch bytea NOT NULL,
                                        person text NOT NULL, reason text NOT NULL',
  'Decisions of persons on which branch of a forked epoch holds.',
  'gateway', 'Whose chain forked.', 'epoch', 'In which epoch.', 'from_seq', 'At which seq.',
  'branch', 'SHA-256 of the body that holds.', 'person', 'Who decided.', 'reason', 'Why.');
CREATE INDEX branch_entry_gateway ON silsila.branch_entry (gateway, epoch);

CREATE VIEW silsila.placement WITH (security_invoker = true) AS
  SELECT gateway, probe, equipment, role, valid_from,
         lead(valid_from) OVER (PARTITION BY gateway, probe ORDER BY valid_from) AS valid_to
    FROM (SELECT DISTINCT ON (gateway, probe, valid_from) *
            FROM silsila.placement_entry
           ORDER BY gateway, probe, valid_from, place_in_order DESC) AS last_said;
SELECT silsila.describe('silsila.placement', 'One interval of one probe in one piece of equipment.',
  'gateway', 'Gateway that owns the probe.', 'probe', 'Probe id on that gateway.', 'equipment', 'Equipment; empty: in none.',
  'role', 'product or air.', 'valid_from', 'First instant, UTC.', 'valid_to', 'First instant after it, UTC; null: still there.');

CREATE VIEW silsila.calibration WITH (security_invoker = true) AS
  SELECT gateway, probe, offset_mc, due, certificate, laboratory, valid_from,
         lead(valid_from) OVER (PARTITION BY gateway, probe ORDER BY valid_from) AS valid_to
    FROM (SELECT DISTINCT ON (gateway, probe, valid_from) *
            FROM silsila.calibration_entry
           ORDER BY gateway, probe, valid_from, place_in_order DESC) AS last_said;
SELECT silsila.describe('silsila.calibration', 'One interval over which one calibration of a probe rules.',
  'gateway', 'Gateway that owns the probe.', 'probe', 'Probe id on that gateway.', 'offset_mc', 'Added to the raw value, millidegrees Celsius.',
  'due', 'When the next is due, UTC.', 'certificate', 'Certificate number.', 'laboratory', 'Who calibrated.',
  'valid_from', 'First instant, UTC.', 'valid_to', 'First instant after it, UTC; null: still ruling.');

CREATE VIEW silsila.site WITH (security_invoker = true) AS
  SELECT DISTINCT ON (id) id, name, own, gln, zone, region, valid_from
    FROM silsila.site_entry WHERE valid_from <= now() ORDER BY id, valid_from DESC, place_in_order DESC;
SELECT silsila.describe('silsila.site', 'Sites as they stand now.',
  'id', 'Site id.', 'name', 'Name for people.', 'own', 'Inside Silsila.', 'gln', 'GS1 location number, or empty.',
  'zone', 'IANA time zone; empty: Africa/Casablanca.', 'region', 'Region.', 'valid_from', 'Since when it stands so, UTC.');

CREATE VIEW silsila.equipment WITH (security_invoker = true) AS
  SELECT DISTINCT ON (id) id, name, kind, site, max_gap_ms, cadence_ms, container, rules, out_of_service, giai, valid_from
    FROM silsila.equipment_entry WHERE valid_from <= now() ORDER BY id, valid_from DESC, place_in_order DESC;
SELECT silsila.describe('silsila.equipment', 'Equipment as it stands now.',
  'id', 'Equipment id.', 'name', 'Name for people.', 'kind', 'freezer, refrigerator, cold_room, incubator, transport_box or vehicle.',
  'site', 'Site it belongs to.', 'max_gap_ms', 'How long a reading holds its value, milliseconds.',
  'cadence_ms', 'Planned time between readings, milliseconds.', 'container', 'Lot id, when it is also a container; else empty.',
  'rules', 'Excursion rules.', 'out_of_service', 'Taken out of service.', 'giai', 'GS1 asset identifier, or empty.',
  'valid_from', 'Since when it stands so, UTC.');

CREATE VIEW silsila.gateway WITH (security_invoker = true) AS
  SELECT k.owner AS id, k.kind, k.site, k.registered_at, h.heard_at, h.epochs
    FROM (SELECT DISTINCT ON (owner) owner, kind, site, valid_from AS registered_at
            FROM silsila.key ORDER BY owner, valid_from DESC, place_in_order DESC) AS k
    LEFT JOIN LATERAL (SELECT max(c.heard_at) AS heard_at, count(*) AS epochs
                         FROM silsila.chain c WHERE c.sender = k.owner) AS h ON true;
SELECT silsila.describe('silsila.gateway', 'One registered gateway, desk or adapter.',
  'id', 'Its id.', 'kind', '1 gateway, 2 desk, 3 adapter.', 'site', 'Site it belongs to.',
  'registered_at', 'When its present key was registered, UTC.', 'heard_at', 'Latest sealing time heard from it, UTC.',
  'epochs', 'How many epochs its chain has.');
