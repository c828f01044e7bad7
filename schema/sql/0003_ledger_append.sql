-- How the ledger grows: partitions on demand, and transaction A in one statement.

CREATE FUNCTION ledger.partition_span() RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN 8388608;
COMMENT ON FUNCTION ledger.partition_span() IS 'Entries a partition of ledger.entry: 2^23, about 6 GB of live-sized envelopes. Never changed once entries exist';

-- A partition is made beside the log and then attached: CREATE TABLE ... PARTITION OF would lock out readers.
CREATE FUNCTION ledger.make_partitions(p_from bigint, p_through bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_span constant bigint := ledger.partition_span();
    v_number bigint;
    v_name text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('silsila'), hashtext('ledger.make_partitions'));
    FOR v_number IN p_from / v_span .. p_through / v_span LOOP
        v_name := format('entry_%s', to_char(v_number, 'FM000000'));
        IF to_regclass('ledger.' || v_name) IS NULL THEN
            EXECUTE format('CREATE TABLE ledger.%I (LIKE ledger.entry INCLUDING ALL)', v_name);
            EXECUTE format('COMMENT ON TABLE ledger.%I IS %L', v_name,
                           format('Entries %s to %s of the log', v_number * v_span, (v_number + 1) * v_span - 1));
            EXECUTE format('ALTER TABLE ledger.entry ATTACH PARTITION ledger.%I FOR VALUES FROM (%s) TO (%s)',
                           v_name, v_number * v_span, (v_number + 1) * v_span);
        END IF;
    END LOOP;
    RETURN (p_through / v_span + 1) * v_span;
END
$$;
COMMENT ON FUNCTION ledger.make_partitions(bigint, bigint) IS
    'Makes what partitions of ledger.entry are missing for positions p_from to p_through; returns the first position behind them';
SELECT ledger.make_partitions(0, 0);

CREATE FUNCTION ledger.append(
    p_shard integer, p_size bigint, p_root bytea,
    p_new_frontier bytea, p_new_root bytea,
    p_key_no integer[], p_key_id bytea[], p_key_owner text[],
    p_epoch_no integer[], p_epoch_gateway text[], p_epoch bytea[], p_epoch_stored text[],
    p_epoch_through bigint[], p_epoch_through_hash bytea[], p_epoch_disputed boolean[],
    p_tile_level smallint[], p_tile_number bigint[], p_tile_hashes bytea[],
    p_epoch_of_entry integer[], p_seq bigint[], p_key_of_entry integer[], p_algorithm smallint[],
    p_signature bytea[], p_body bytea[], p_certificate bytea[], p_via text[], p_lane smallint[],
    p_received_at timestamptz[])
RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_count constant bigint := cardinality(p_seq);
BEGIN
    -- First the fence: a writer that does not know the head is not the writer any more, and nothing else may happen.
    UPDATE ledger.head
        SET size = p_size + v_count, frontier = p_new_frontier, root = p_new_root, changed_at = clock_timestamp()
        WHERE shard = p_shard AND size = p_size AND root = p_root;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the head of shard % is not at % any more', p_shard, p_size USING ERRCODE = 'SL001';
    END IF;
    IF cardinality(p_key_no) > 0 THEN
        INSERT INTO ledger.key (key_no, key_id, owner, first_position)
            SELECT k.key_no, k.key_id, k.owner, p_size
            FROM unnest(p_key_no, p_key_id, p_key_owner) AS k (key_no, key_id, owner);
    END IF;
    INSERT INTO ledger.epoch AS e (epoch_no, gateway, epoch, stored, through, through_hash, disputed)
        SELECT n.epoch_no, n.gateway, n.epoch, n.stored::int8multirange, n.through, n.through_hash, n.disputed
        FROM unnest(p_epoch_no, p_epoch_gateway, p_epoch, p_epoch_stored, p_epoch_through, p_epoch_through_hash,
                    p_epoch_disputed) AS n (epoch_no, gateway, epoch, stored, through, through_hash, disputed)
        ON CONFLICT (epoch_no) DO UPDATE
            SET stored = excluded.stored, through = excluded.through, through_hash = excluded.through_hash,
                disputed = excluded.disputed;
    INSERT INTO ledger.entry (position, seq, received_at, epoch_no, key_no, algorithm, lane, signature, body,
                              certificate, via)
        SELECT p_size + n.ordinal - 1, n.seq, n.received_at, n.epoch_no, n.key_no, n.algorithm, n.lane, n.signature,
               n.body, n.certificate, n.via
        FROM unnest(p_epoch_of_entry, p_seq, p_key_of_entry, p_algorithm, p_signature, p_body, p_certificate, p_via,
                    p_lane, p_received_at)
            WITH ORDINALITY AS n (epoch_no, seq, key_no, algorithm, signature, body, certificate, via, lane,
                                  received_at, ordinal);
    IF cardinality(p_tile_level) > 0 THEN
        INSERT INTO ledger.tile (shard, level, number, hashes)
            SELECT p_shard, t.level, t.number, t.hashes
            FROM unnest(p_tile_level, p_tile_number, p_tile_hashes) AS t (level, number, hashes);
    END IF;
    RETURN p_size + v_count;
END
$$;
COMMENT ON FUNCTION ledger.append(integer, bigint, bytea, bytea, bytea, integer[], bytea[], text[], integer[], text[],
    bytea[], text[], bigint[], bytea[], boolean[], smallint[], bigint[], bytea[], integer[], bigint[], integer[],
    smallint[], bytea[], bytea[], bytea[], text[], smallint[], timestamptz[]) IS
    'Transaction A: advances the head if it still is where the writer knows it (else SQLSTATE SL001), stores new keys, epochs'' ranges, entries at consecutive positions from p_size on, and full tiles; returns the new size';

GRANT EXECUTE ON FUNCTION ledger.partition_span() TO silsila_ingest, silsila_officer, silsila_auditor;
GRANT EXECUTE ON FUNCTION ledger.make_partitions(bigint, bigint) TO silsila_ingest;
GRANT EXECUTE ON FUNCTION ledger.append(integer, bigint, bytea, bytea, bytea, integer[], bytea[], text[], integer[],
    text[], bytea[], text[], bigint[], bytea[], boolean[], smallint[], bigint[], bytea[], integer[], bigint[], integer[],
    smallint[], bytea[], bytea[], bytea[], text[], smallint[], timestamptz[]) TO silsila_ingest;
