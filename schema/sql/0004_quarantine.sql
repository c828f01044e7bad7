-- Messages that nobody can be shown to have sent: no valid signature under a key of the sender they name. They are counted,
-- a bounded sample is kept for the person who looks into it, and they get no receipt: the sender still has the original.

CREATE TABLE ledger.quarantine_count (
    day date NOT NULL,
    cause text NOT NULL,
    topic_gateway text NOT NULL,
    messages bigint NOT NULL CHECK (messages > 0),
    PRIMARY KEY (day, cause, topic_gateway)
);
COMMENT ON TABLE ledger.quarantine_count IS 'Unauthenticated messages counted by day, cause and the sender their topic names';
COMMENT ON COLUMN ledger.quarantine_count.day IS 'UTC day of arrival';
COMMENT ON COLUMN ledger.quarantine_count.cause IS 'malformed, unknown_key, bad_signature, bad_certificate or bad_topic';
COMMENT ON COLUMN ledger.quarantine_count.topic_gateway IS 'Sender named by the topic (the broker ties it to the TLS certificate); empty where it has none; "*" once a day has too many';
COMMENT ON COLUMN ledger.quarantine_count.messages IS 'How many';

CREATE TABLE ledger.quarantine (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    arrived_at timestamptz NOT NULL,
    cause text NOT NULL,
    why text NOT NULL,
    topic text NOT NULL,
    length integer NOT NULL CHECK (length >= 0),
    message bytea NOT NULL CHECK (length(message) <= 65536)
);
COMMENT ON TABLE ledger.quarantine IS 'A bounded sample of unauthenticated messages: the latest 1,000 kept';
COMMENT ON COLUMN ledger.quarantine.id IS 'Rises';
COMMENT ON COLUMN ledger.quarantine.arrived_at IS 'When the ingest took it from the broker';
COMMENT ON COLUMN ledger.quarantine.cause IS 'malformed, unknown_key, bad_signature, bad_certificate or bad_topic';
COMMENT ON COLUMN ledger.quarantine.why IS 'One sentence for people';
COMMENT ON COLUMN ledger.quarantine.topic IS 'MQTT topic it came on';
COMMENT ON COLUMN ledger.quarantine.length IS 'Bytes of the whole message';
COMMENT ON COLUMN ledger.quarantine.message IS 'The message, cut to 64 KiB';

CREATE FUNCTION ledger.quarantine_add(
    p_day date[], p_cause text[], p_gateway text[], p_messages bigint[],
    p_arrived_at timestamptz[], p_sample_cause text[], p_why text[], p_topic text[], p_length integer[],
    p_message bytea[])
RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_last bigint;
BEGIN
    -- A stranger who invents sender names must not make the table grow: a thousand names a day, the rest as one.
    INSERT INTO ledger.quarantine_count AS c (day, cause, topic_gateway, messages)
        SELECT n.day, n.cause,
               CASE WHEN EXISTS (SELECT FROM ledger.quarantine_count k
                                 WHERE k.day = n.day AND k.cause = n.cause AND k.topic_gateway = n.gateway)
                      OR (SELECT count(*) FROM ledger.quarantine_count k WHERE k.day = n.day) < 1000
                    THEN n.gateway ELSE '*' END AS named,
               sum(n.messages)
        FROM unnest(p_day, p_cause, p_gateway, p_messages) AS n (day, cause, gateway, messages)
        GROUP BY 1, 2, 3
        ON CONFLICT (day, cause, topic_gateway) DO UPDATE SET messages = c.messages + excluded.messages;
    INSERT INTO ledger.quarantine (arrived_at, cause, why, topic, length, message)
        SELECT * FROM unnest(p_arrived_at, p_sample_cause, p_why, p_topic, p_length, p_message);
    SELECT max(id) INTO v_last FROM ledger.quarantine;
    DELETE FROM ledger.quarantine WHERE id <= v_last - 1000;
END
$$;
COMMENT ON FUNCTION ledger.quarantine_add(date[], text[], text[], bigint[], timestamptz[], text[], text[], text[],
    integer[], bytea[]) IS 'Adds to the counts and keeps the samples, the latest 1,000 of all';

GRANT EXECUTE ON FUNCTION ledger.quarantine_add(date[], text[], text[], bigint[], timestamptz[], text[], text[], text[],
    integer[], bytea[]) TO silsila_ingest;
