-- The ledger: what was received, raw and signed. Insert only: rows are written by ledger.append() and never changed.
-- Exceptions: ledger.head and ledger.epoch are the writer's running state, a function of the entries.

CREATE TABLE ledger.origin (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    origin bytea NOT NULL CHECK (length(origin) = 32),
    name text NOT NULL,
    authority_key bytea NOT NULL,
    generation integer NOT NULL DEFAULT 1 CHECK (generation >= 1),
    made_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE ledger.origin IS 'Which ledger this is: one row, written by "silsila init"';
COMMENT ON COLUMN ledger.origin.only_row IS 'Keeps the table to one row';
COMMENT ON COLUMN ledger.origin.origin IS '32 random bytes that are part of everything signed for this ledger';
COMMENT ON COLUMN ledger.origin.name IS 'What people call this ledger';
COMMENT ON COLUMN ledger.origin.authority_key IS 'Public half of the authority key, SubjectPublicKeyInfo in DER; it certifies server and admin keys';
COMMENT ON COLUMN ledger.origin.generation IS 'Rises with each restore from a backup';
COMMENT ON COLUMN ledger.origin.made_at IS 'When "silsila init" ran';

CREATE TABLE ledger.head (
    shard integer PRIMARY KEY,
    generation integer NOT NULL DEFAULT 1 CHECK (generation >= 1),
    size bigint NOT NULL DEFAULT 0 CHECK (size >= 0),
    frontier bytea NOT NULL DEFAULT '' CHECK (length(frontier) = 32 * bit_count(int8send(size))),
    root bytea NOT NULL DEFAULT '\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
        CHECK (length(root) = 32),
    changed_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 10);
COMMENT ON TABLE ledger.head IS 'Where each log stands. Appending compares and sets it, which fences off a second writer. Entries here are of shard 0; another shard is another log';
COMMENT ON COLUMN ledger.head.shard IS 'Number of the log, as in the MQTT topic';
COMMENT ON COLUMN ledger.head.generation IS 'Generation of the log that checkpoints are signed with';
COMMENT ON COLUMN ledger.head.size IS 'Number of entries; the next one gets this position';
COMMENT ON COLUMN ledger.head.frontier IS 'Roots of the perfect subtrees that the entries fall into, greatest first, 32 bytes for each bit set in size';
COMMENT ON COLUMN ledger.head.root IS 'RFC 6962 tree hash of all entries; SHA-256 of nothing while there are none';
COMMENT ON COLUMN ledger.head.changed_at IS 'When the last entry was appended';
INSERT INTO ledger.head (shard) VALUES (0);

CREATE TABLE ledger.key (
    key_no integer PRIMARY KEY,
    key_id bytea NOT NULL UNIQUE CHECK (length(key_id) = 32),
    owner text NOT NULL,
    first_position bigint NOT NULL
);
COMMENT ON TABLE ledger.key IS 'Short numbers for the keys that signed entries';
COMMENT ON COLUMN ledger.key.key_no IS 'Short number used in ledger.entry';
COMMENT ON COLUMN ledger.key.key_id IS 'SHA-256 of the SubjectPublicKeyInfo (DER)';
COMMENT ON COLUMN ledger.key.owner IS 'Sender of the first entry signed with it';
COMMENT ON COLUMN ledger.key.first_position IS 'Position of the first entry signed with it';

CREATE TABLE ledger.epoch (
    epoch_no integer PRIMARY KEY,
    gateway text NOT NULL CHECK (gateway ~ '^[a-z0-9][a-z0-9-]{2,31}$'),
    epoch bytea NOT NULL CHECK (length(epoch) = 16),
    stored int8multirange NOT NULL,
    through bigint NOT NULL CHECK (through >= 0),
    through_hash bytea CHECK (length(through_hash) = 32),
    disputed boolean NOT NULL DEFAULT false,
    UNIQUE (gateway, epoch),
    CHECK ((through = 0) = (through_hash IS NULL))
) WITH (fillfactor = 50);
COMMENT ON TABLE ledger.epoch IS 'One row per outbox epoch heard of: which seqs are stored. It decides what is a duplicate';
COMMENT ON COLUMN ledger.epoch.epoch_no IS 'Short number used in ledger.entry';
COMMENT ON COLUMN ledger.epoch.gateway IS 'Sender: gateway, desk, adapter, admin or server';
COMMENT ON COLUMN ledger.epoch.epoch IS '16 random bytes the sender chose when its outbox began';
COMMENT ON COLUMN ledger.epoch.stored IS 'Seqs of which at least one body is stored';
COMMENT ON COLUMN ledger.epoch.through IS 'Every seq from 1 to here is stored and each body names the hash of the one before; 0: none';
COMMENT ON COLUMN ledger.epoch.through_hash IS 'SHA-256 of the body at through';
COMMENT ON COLUMN ledger.epoch.disputed IS 'Two bodies for one seq, or a body that does not follow the one before: receipts name single bodies from then on';

CREATE TABLE ledger.entry (
    position bigint NOT NULL,
    seq bigint NOT NULL,
    received_at timestamptz NOT NULL,
    epoch_no integer NOT NULL,
    key_no integer NOT NULL,
    algorithm smallint NOT NULL,
    lane smallint NOT NULL,
    signature bytea NOT NULL,
    body bytea NOT NULL,
    certificate bytea,
    via text,
    PRIMARY KEY (position)
) PARTITION BY RANGE (position);
-- Bodies are packed already; EXTERNAL spares the attempt to compress them.
ALTER TABLE ledger.entry ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX entry_by_chain ON ledger.entry (epoch_no, seq);
COMMENT ON TABLE ledger.entry IS 'The log itself: one row per stored envelope, raw. Partitioned by position; partitions are made on demand and never dropped';
COMMENT ON COLUMN ledger.entry.position IS 'Place in the log, from 0; leaf index of the Merkle tree';
COMMENT ON COLUMN ledger.entry.seq IS 'Place in the sender''s chain, from 1. Not unique within an epoch: a fork keeps every branch';
COMMENT ON COLUMN ledger.entry.received_at IS 'When the ingest took it from the broker, by the ingest''s clock';
COMMENT ON COLUMN ledger.entry.epoch_no IS 'Which sender and epoch: ledger.epoch';
COMMENT ON COLUMN ledger.entry.key_no IS 'Which key signed: ledger.key';
COMMENT ON COLUMN ledger.entry.algorithm IS 'Number of the signature algorithm as in the wire message; 1: ECDSA P-256 with SHA-256';
COMMENT ON COLUMN ledger.entry.lane IS '0: live, 1: late';
COMMENT ON COLUMN ledger.entry.signature IS 'r and s, 32 bytes each';
COMMENT ON COLUMN ledger.entry.body IS 'The signed bytes, never decoded and encoded again';
COMMENT ON COLUMN ledger.entry.certificate IS 'The KeyCertificate that came with an admin or server key, raw';
COMMENT ON COLUMN ledger.entry.via IS 'Bridge that relayed it; NULL: came straight';

CREATE TABLE ledger.tile (
    shard integer NOT NULL,
    level smallint NOT NULL,
    number bigint NOT NULL,
    hashes bytea NOT NULL CHECK (length(hashes) = 8192),
    PRIMARY KEY (shard, level, number)
);
ALTER TABLE ledger.tile ALTER COLUMN hashes SET STORAGE EXTERNAL;
COMMENT ON TABLE ledger.tile IS 'Full tiles of the Merkle tree, 256 nodes each; nodes between tile levels are computed';
COMMENT ON COLUMN ledger.tile.shard IS 'Number of the log';
COMMENT ON COLUMN ledger.tile.level IS 'Tile level t: the nodes are the roots of 256^t leaves each';
COMMENT ON COLUMN ledger.tile.number IS 'The tile holds nodes 256 × number to 256 × number + 255 of its level';
COMMENT ON COLUMN ledger.tile.hashes IS '256 hashes of 32 bytes, in order';

CREATE VIEW ledger.envelope WITH (security_invoker = true) AS
    SELECT e.position, p.gateway, p.epoch, e.seq, k.key_id, e.algorithm, e.signature, e.body, e.certificate, e.via,
           CASE e.lane WHEN 0 THEN 'live' ELSE 'late' END AS lane, e.received_at
    FROM ledger.entry e
    JOIN ledger.epoch p USING (epoch_no)
    JOIN ledger.key k USING (key_no);
COMMENT ON VIEW ledger.envelope IS 'One stored envelope: raw bytes and signature, its place in the log and in its sender''s chain, its path';
COMMENT ON COLUMN ledger.envelope.position IS 'Place in the log, from 0';
COMMENT ON COLUMN ledger.envelope.gateway IS 'Sender';
COMMENT ON COLUMN ledger.envelope.epoch IS 'Epoch of the sender''s outbox, 16 bytes';
COMMENT ON COLUMN ledger.envelope.seq IS 'Place in the sender''s chain, from 1';
COMMENT ON COLUMN ledger.envelope.key_id IS 'SHA-256 of the signing key''s SubjectPublicKeyInfo (DER)';
COMMENT ON COLUMN ledger.envelope.algorithm IS 'Number of the signature algorithm as in the wire message';
COMMENT ON COLUMN ledger.envelope.signature IS 'r and s, 32 bytes each';
COMMENT ON COLUMN ledger.envelope.body IS 'The signed bytes';
COMMENT ON COLUMN ledger.envelope.certificate IS 'KeyCertificate of an admin or server key, raw; else NULL';
COMMENT ON COLUMN ledger.envelope.via IS 'Bridge that relayed it; NULL: came straight';
COMMENT ON COLUMN ledger.envelope.lane IS 'live or late';
COMMENT ON COLUMN ledger.envelope.received_at IS 'When the ingest took it from the broker';

CREATE FUNCTION ledger.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION 'ledger.% is insert only', TG_TABLE_NAME USING ERRCODE = 'SL003';
END
$$;
COMMENT ON FUNCTION ledger.refuse_change() IS 'Trigger: rows of the ledger are never changed or deleted (SQLSTATE SL003)';

CREATE TRIGGER entry_insert_only BEFORE UPDATE OR DELETE ON ledger.entry
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER entry_no_truncate BEFORE TRUNCATE ON ledger.entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER tile_insert_only BEFORE UPDATE OR DELETE ON ledger.tile
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER tile_no_truncate BEFORE TRUNCATE ON ledger.tile
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER key_insert_only BEFORE UPDATE OR DELETE ON ledger.key
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
