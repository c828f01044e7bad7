-- Schemas and roles. Everything belongs to silsila_owner, who cannot log in; the programs and people of each kind have a
-- role of their own. Which of them may connect from where is the business of pg_hba.conf: no role has a password here.

DO $$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN
        SELECT * FROM (VALUES
            ('silsila_owner', 'NOLOGIN', 'Owns every object of Silsila; nobody logs in as it'),
            ('silsila_ingest', 'LOGIN', 'The ingest and its fold: appends through functions, writes derived tables'),
            ('silsila_officer', 'LOGIN', 'Logistics officers: reads everything that people read'),
            ('silsila_auditor', 'LOGIN', 'Auditors: reads everything, the ledger included'),
            ('silsila_dashboard', 'LOGIN', 'The dashboard: reads only'))
        AS r (name, login, meaning)
    LOOP
        -- Roles belong to the cluster: another database of it may have made them already.
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted.name) THEN
            EXECUTE format('CREATE ROLE %I %s', wanted.name, wanted.login);
        END IF;
        EXECUTE format('COMMENT ON ROLE %I IS %L', wanted.name, wanted.meaning);
    END LOOP;
    IF NOT pg_has_role(current_user, 'silsila_owner', 'MEMBER') THEN
        EXECUTE format('GRANT silsila_owner TO %I', current_user);
    END IF;
    -- The owner makes extensions (btree_gist) and schemas in later migrations.
    EXECUTE format('GRANT CREATE ON DATABASE %I TO silsila_owner', current_database());
    -- A dashboard only reads, whatever is granted by mistake. Set for this database alone.
    EXECUTE format('ALTER ROLE silsila_dashboard IN DATABASE %I SET default_transaction_read_only = on',
                   current_database());
    -- UPDATE ... FROM unnest() is planned as a hash of the whole table; measured 88 against 170 batches a second.
    EXECUTE format('ALTER ROLE silsila_ingest IN DATABASE %I SET enable_hashjoin = off', current_database());
    EXECUTE format('ALTER ROLE silsila_ingest IN DATABASE %I SET enable_mergejoin = off', current_database());
    EXECUTE format('ALTER ROLE silsila_ingest IN DATABASE %I SET enable_seqscan = off', current_database());
END
$$;

ALTER SCHEMA ledger OWNER TO silsila_owner;
ALTER TABLE ledger.migration OWNER TO silsila_owner;
CREATE SCHEMA silsila AUTHORIZATION silsila_owner;
CREATE SCHEMA report AUTHORIZATION silsila_owner;
CREATE SCHEMA api AUTHORIZATION silsila_owner;

COMMENT ON SCHEMA silsila IS 'Derived tables (a pure function of the set of envelopes), the journal, and the views people read';
COMMENT ON SCHEMA report IS 'Functions and views for auditors';
COMMENT ON SCHEMA api IS 'JSON functions of the dashboard';

REVOKE ALL ON SCHEMA ledger, silsila, report, api FROM PUBLIC;
GRANT USAGE ON SCHEMA ledger, silsila TO silsila_ingest, silsila_officer, silsila_auditor, silsila_dashboard;
GRANT USAGE ON SCHEMA report TO silsila_officer, silsila_auditor, silsila_dashboard;
GRANT USAGE ON SCHEMA api TO silsila_dashboard;

-- What the owner makes later is readable by those who read; functions are nobody's until granted.
ALTER DEFAULT PRIVILEGES FOR ROLE silsila_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE silsila_owner IN SCHEMA ledger
    GRANT SELECT ON TABLES TO silsila_ingest, silsila_officer, silsila_auditor, silsila_dashboard;
ALTER DEFAULT PRIVILEGES FOR ROLE silsila_owner IN SCHEMA silsila
    GRANT SELECT ON TABLES TO silsila_officer, silsila_auditor, silsila_dashboard;
ALTER DEFAULT PRIVILEGES FOR ROLE silsila_owner IN SCHEMA silsila
    GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON TABLES TO silsila_ingest;
ALTER DEFAULT PRIVILEGES FOR ROLE silsila_owner IN SCHEMA silsila
    GRANT USAGE, SELECT ON SEQUENCES TO silsila_ingest;
ALTER DEFAULT PRIVILEGES FOR ROLE silsila_owner IN SCHEMA silsila
    GRANT EXECUTE ON FUNCTIONS TO silsila_ingest, silsila_officer, silsila_auditor, silsila_dashboard;
ALTER DEFAULT PRIVILEGES FOR ROLE silsila_owner IN SCHEMA report
    GRANT EXECUTE ON FUNCTIONS TO silsila_officer, silsila_auditor, silsila_dashboard;
ALTER DEFAULT PRIVILEGES FOR ROLE silsila_owner IN SCHEMA report
    GRANT SELECT ON TABLES TO silsila_officer, silsila_auditor, silsila_dashboard;
ALTER DEFAULT PRIVILEGES FOR ROLE silsila_owner IN SCHEMA api
    GRANT EXECUTE ON FUNCTIONS TO silsila_dashboard;

GRANT SELECT ON ledger.migration TO silsila_ingest, silsila_officer, silsila_auditor, silsila_dashboard;

-- Whatever a program of number n may still run against: a migration that takes something away replaces this function.
CREATE FUNCTION ledger.least_program() RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN 1;
ALTER FUNCTION ledger.least_program() OWNER TO silsila_owner;
REVOKE EXECUTE ON FUNCTION ledger.least_program() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.least_program() TO silsila_ingest, silsila_officer, silsila_auditor, silsila_dashboard;
COMMENT ON FUNCTION ledger.least_program() IS
    'Number of the last migration that a program must know of to run against this database: older programs refuse to start';
