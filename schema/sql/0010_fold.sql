-- The fold's own state: how far it is, what each chain looks like, what was judged, what went wrong.
-- fold_cursor, fold_error, outgoing and config_issued are the fold's diary; all else here is derived: a pure function of
-- the set of envelopes.

-- Comments on a relation and its columns in one place: say(relation, text, column, text, column, text, …).
CREATE FUNCTION silsila.describe(relation regclass, about text, VARIADIC pairs text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE kind text := (SELECT CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END FROM pg_class WHERE oid = relation);
BEGIN
  EXECUTE format('COMMENT ON %s %s IS %L', kind, relation, about);
  FOR i IN 1 .. coalesce(array_length(pairs, 1), 0) BY 2 LOOP
    EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', relation, pairs[i], pairs[i + 1]);
  END LOOP;
END $$;
COMMENT ON FUNCTION silsila.describe(regclass, text, text[]) IS 'Comments a relation and its columns; for migrations.';

CREATE TABLE silsila.fold_cursor (
  shard         integer PRIMARY KEY,
  position      bigint NOT NULL,
  incarnation   bigint NOT NULL,
  announced     bigint NOT NULL,
  folded_at     timestamptz NOT NULL
);
INSERT INTO silsila.fold_cursor VALUES (0, 0, 1, 0, now());
SELECT silsila.describe('silsila.fold_cursor', 'How far the fold has read the ledger; one row a shard.',
  'shard', 'Shard of the ledger; 0 for now.',
  'position', 'Number of ledger entries folded: the next one to fold has this position.',
  'incarnation', 'Rises with every rebuild, so that a running fold drops what it remembers.',
  'announced', 'Positions below this have had their notices sent; a rebuild sends none again.',
  'folded_at', 'When the last batch was committed, server time.');

CREATE TABLE silsila.fold_error (
  position      bigint NOT NULL,
  item          integer NOT NULL,
  code          text NOT NULL,
  why           text NOT NULL,
  at            timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (position, item)
);
SELECT silsila.describe('silsila.fold_error',
  'Items that the fold failed on through a fault of ours; the others went on. silsila rebuild repairs them once the fault is mended.',
  'position', 'Position of the envelope in the ledger.',
  'item', 'Index of the item in its body; -1: the whole envelope.',
  'code', 'SQLSTATE, or "crashed" when the process died on it.',
  'why', 'What the database or the fold said.',
  'at', 'When it happened, server time.');

CREATE TABLE silsila.outgoing (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  topic         text NOT NULL,
  purpose       text NOT NULL,
  retained      boolean NOT NULL,
  payload       bytea NOT NULL,
  made_at       timestamptz NOT NULL DEFAULT now(),
  sent_at       timestamptz
);
CREATE INDEX outgoing_unsent ON silsila.outgoing (id) WHERE sent_at IS NULL;
CREATE INDEX outgoing_retained ON silsila.outgoing (topic, id DESC) WHERE retained;
SELECT silsila.describe('silsila.outgoing',
  'Messages the fold wants sent down; ingest signs and publishes them. Not derived: it says what was sent.',
  'id', 'Order of sending.',
  'topic', 'MQTT topic.',
  'purpose', 'Purpose inside the signature: config, notice or book.',
  'retained', 'Kept by the broker, and published again whenever ingest connects.',
  'payload', 'Protobuf bytes to be signed.',
  'made_at', 'When the fold wrote it, server time.',
  'sent_at', 'When ingest published it, server time; null: not yet.');

CREATE TABLE silsila.config_issued (
  gateway       text PRIMARY KEY,
  version       bigint NOT NULL,
  content       bytea NOT NULL,
  issued_at     timestamptz NOT NULL DEFAULT now()
);
SELECT silsila.describe('silsila.config_issued', 'The newest configuration issued to each gateway.',
  'gateway', 'Gateway id.',
  'version', 'Version in the message; only rises.',
  'content', 'The message as of version 0, to tell whether anything changed.',
  'issued_at', 'When it was issued, server time.');

CREATE TABLE silsila.chain (
  epoch_no         integer PRIMARY KEY,
  sender           text NOT NULL,
  epoch            bytea NOT NULL,
  previous_epoch   bytea,
  last_certain_seq bigint,
  reason           smallint,
  rank             integer,
  folded           int8multirange NOT NULL,
  first_previous   bytea[] NOT NULL,
  last_hash        bytea[] NOT NULL,
  through          bigint NOT NULL,
  watermark        timestamptz,
  heard_at         timestamptz,
  boots            bytea[] NOT NULL,
  disputed_from    bigint,
  branch           bytea,
  config_version   bigint NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX chain_sender ON silsila.chain (sender);
SELECT silsila.describe('silsila.chain', 'One epoch of a sender''s chain as the fold has seen it.',
  'epoch_no', 'Surrogate of (sender, epoch) in this database.',
  'sender', 'Id of a gateway, desk, adapter, admin or server.',
  'epoch', '16 random bytes that name the epoch.',
  'previous_epoch', 'The epoch before it, as its first body says; null: none, or not heard yet.',
  'last_certain_seq', 'Highest seq of the previous epoch that its sender is certain to have sealed.',
  'reason', 'Why the epoch began: 1 first, 2 boot, 3 salvaged, 4 rewound; null: first body not heard yet.',
  'rank', 'Place in the sender''s chain of epochs, from 0; null: not linked (yet).',
  'folded', 'Sequence numbers folded.',
  'first_previous', 'Per range of folded: the previous hash that its first body names.',
  'last_hash', 'Per range of folded: SHA-256 of its last body.',
  'through', 'Every seq from 1 to here is folded; 0: none.',
  'watermark', 'Sealing time of the body at through, UTC; null while that time is not known.',
  'heard_at', 'Latest sealing time of any body of this epoch with a synchronised clock, UTC.',
  'boots', 'Boot ids seen in this epoch.',
  'disputed_from', 'Lowest seq with two different bodies; null: none.',
  'branch', 'SHA-256 of the body at disputed_from that a person''s decision named; null: undecided, nothing counts from there on.',
  'config_version', 'Configuration in force on the sender, as its body at through says.');

CREATE TABLE silsila.fork (
  epoch_no      integer NOT NULL,
  seq           bigint NOT NULL,
  body_hash     bytea NOT NULL,
  standing      smallint NOT NULL,
  PRIMARY KEY (epoch_no, seq, body_hash)
);
SELECT silsila.describe('silsila.fork', 'Every body of a forked epoch, from the first seq with two bodies on.',
  'epoch_no', 'Epoch (silsila.chain).',
  'seq', 'Sequence number.',
  'body_hash', 'SHA-256 of the body.',
  'standing', '0 counts, 1 disputed, 2 on a branch that was not chosen.');

CREATE TABLE silsila.judgement_row (
  epoch_no      integer NOT NULL,
  seq           bigint NOT NULL,
  item          integer NOT NULL,
  code          text NOT NULL,
  why           text NOT NULL,
  body_hash     bytea NOT NULL
);
CREATE INDEX judgement_row_place ON silsila.judgement_row (epoch_no, seq);
SELECT silsila.describe('silsila.judgement_row', 'Judgements of the fold; silsila.judgement is the view to read.',
  'epoch_no', 'Epoch (silsila.chain).',
  'seq', 'Sequence number of the body.',
  'item', 'Index of the item in the body; -1: the whole envelope.',
  'code', 'malformed, unsupported, no_authority, not_own_probe, forked, key_revoked, chain_broken, time_unknown, out_of_range, bad_item.',
  'why', 'One sentence for the person who has to mend it.',
  'body_hash', 'SHA-256 of the body judged; tells the branches of a fork apart.');

CREATE VIEW silsila.judgement WITH (security_invoker = true) AS
  SELECT c.sender AS gateway, c.epoch, j.seq, NULLIF(j.item, -1) AS item, j.code, j.why, j.body_hash
    FROM silsila.judgement_row j JOIN silsila.chain c USING (epoch_no);
SELECT silsila.describe('silsila.judgement', 'One item or envelope that took no effect, or only in part, with its code and why.',
  'gateway', 'Who sent it.',
  'epoch', 'Epoch of the sender''s chain.',
  'seq', 'Sequence number in the epoch.',
  'item', 'Index of the item; null: the whole envelope.',
  'code', 'What was judged, in one word.',
  'why', 'One sentence.',
  'body_hash', 'SHA-256 of the body.');

CREATE FUNCTION silsila.multirange_count(ranges int8multirange) RETURNS bigint
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN (SELECT coalesce(sum(upper(r) - lower(r)), 0)::bigint FROM unnest(ranges) AS r);
COMMENT ON FUNCTION silsila.multirange_count(int8multirange) IS 'How many integers a bounded multirange holds.';

CREATE VIEW silsila.loss_account WITH (security_invoker = true) AS
  SELECT c.sender AS gateway, c.epoch, c.rank, k.highest_known,
         silsila.multirange_count(c.folded) AS stored,
         silsila.multirange_count(int8multirange(int8range(1, k.highest_known + 1)) - c.folded) AS missing,
         int8multirange(int8range(1, k.highest_known + 1)) - c.folded AS missing_ranges,
         NOT k.followed AS tail_unknown, c.through, c.heard_at
    FROM silsila.chain c
    CROSS JOIN LATERAL (
      SELECT greatest(coalesce(upper(c.folded) - 1, 0), coalesce(max(n.last_certain_seq), 0)) AS highest_known,
             count(*) > 0 AS followed
        FROM silsila.chain n
       WHERE n.sender = c.sender AND n.previous_epoch = c.epoch) AS k;
SELECT silsila.describe('silsila.loss_account', 'One epoch of one sender: what is known to have been sent, what is stored, what is missing.',
  'gateway', 'Who sent it.',
  'epoch', 'Epoch of the sender''s chain.',
  'rank', 'Place of the epoch in the chain of epochs, from 0; null: not linked.',
  'highest_known', 'Highest seq known to exist, from a body of it or from the next epoch''s first body.',
  'stored', 'How many sequence numbers are stored and folded.',
  'missing', 'How many up to highest_known are not.',
  'missing_ranges', 'Which ones.',
  'tail_unknown', 'True while nothing later says how far this epoch went.',
  'through', 'Every seq from 1 to here is stored and folded.',
  'heard_at', 'Latest sealing time heard, UTC.');
