/* silsila status: what is silent, missing, disputed, judged, or failing. Reads views only; nothing is
 * changed. */
#include <stdio.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/database.h"
#include "cli/print.h"
#include "cli/say.h"
#include "common/cleanup.h"

/* One question each; all ages by the database's clock. `$1` is how long silence may last, as an interval. */
static const struct question {
    const char *name, *heading, *nothing, *sql;
} questions[] = {
    {"ledger", "Ledger", "the fold has not run yet",
     "SELECT h.size AS envelopes, h.size - f.position AS not_folded,"
     "       to_char(f.folded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS folded_at_utc,"
     "       (SELECT count(*) FROM silsila.fold_error) AS fold_errors"
     "  FROM ledger.head h JOIN silsila.fold_cursor f USING (shard) WHERE $1::interval IS NOT NULL ORDER BY "
     "h.shard"},
    {"silent", "Silent", "no gateway is silent",
     "SELECT id, site, CASE kind WHEN 1 THEN 'gateway' WHEN 2 THEN 'desk' ELSE 'adapter' END AS kind,"
     "       coalesce(to_char(heard_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), 'never') AS heard_at_utc"
     "  FROM silsila.gateway WHERE heard_at IS NULL OR heard_at < now() - $1::interval"
     " ORDER BY silsila.gateway.heard_at NULLS FIRST, id"},
    {"out_of_range", "Beyond a limit now", "no probe's last reading is beyond a limit of its equipment",
     "SELECT p.gateway, p.probe, e.id AS equipment, rule ->> 'id' AS rule, b.celsius,"
     "       to_char(b.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS measured_at_utc"
     "  FROM silsila.probe p"
     " CROSS JOIN LATERAL (SELECT t.at, (t.mc + silsila.offset_mc(p.gateway, p.probe, t.at)) / 1000.0 AS "
     "celsius"
     "    FROM (SELECT t0 + (readings - 1) * step_ms * interval '1 millisecond' AS at, values_mc[readings] "
     "AS mc"
     "            FROM silsila.block WHERE probe_no = p.probe_no AND t0 > now() - interval '2 hours'"
     "             AND quality = 0 AND standing = 0 AND values_mc IS NOT NULL ORDER BY t0 DESC LIMIT 1) AS "
     "t) AS b"
     "  JOIN silsila.equipment e ON e.id = silsila.placed_in(p.gateway, p.probe, b.at) AND NOT "
     "e.out_of_service"
     " CROSS JOIN LATERAL jsonb_array_elements(e.rules) AS rule"
     " CROSS JOIN LATERAL (SELECT (rule ->> 'limit_mc')::numeric / 1000 AS low,"
     "                            (rule ->> 'limit_high_mc')::numeric / 1000 AS high) AS l"
     " WHERE $1::interval IS NOT NULL AND CASE rule ->> 'op' WHEN '>' THEN b.celsius > l.low"
     "         WHEN '>=' THEN b.celsius >= l.low WHEN '<' THEN b.celsius < l.low WHEN '<=' THEN b.celsius <= "
     "l.low"
     "         ELSE b.celsius < l.low OR b.celsius > l.high END"
     " ORDER BY 1, 2, 4 LIMIT 50"},
    {"troubled", "In trouble within a day",
     "no gateway reports trouble with its outbox, its probes or what it was told",
     "SELECT c.sender AS gateway, CASE d.type WHEN 12 THEN 'probe faulty' WHEN 14 THEN 'samples lost' WHEN "
     "16 THEN 'security'"
     "         WHEN 17 THEN 'outbox' ELSE 'configuration refused' END AS what, count(*) AS times,"
     "       max(d.content) AS for_example FROM silsila.device_event d JOIN silsila.chain c USING (epoch_no)"
     " WHERE d.type IN (12, 14, 16, 17, 18) AND d.at > now() - interval '1 day' AND $1::interval IS NOT NULL"
     " GROUP BY 1, 2 ORDER BY times DESC, 1 LIMIT 50"},
    {"missing", "Missing and unfinished", "nothing is missing",
     "SELECT gateway, encode(epoch, 'hex') AS epoch, highest_known, stored, missing, missing_ranges::text AS "
     "missing_ranges"
     "  FROM silsila.loss_account WHERE missing > 0 AND $1::interval IS NOT NULL ORDER BY missing DESC, "
     "gateway LIMIT 50"},
    {"disputed", "Disputed", "nothing is disputed",
     "SELECT sender AS gateway, encode(epoch, 'hex') AS epoch, disputed_from, branch IS NOT NULL AS decided"
     "  FROM silsila.chain WHERE disputed_from IS NOT NULL AND $1::interval IS NOT NULL ORDER BY sender, "
     "epoch LIMIT 50"},
    {"judged", "Of no effect", "everything took effect",
     "SELECT gateway, code, count(*) AS times, min(why) AS for_example FROM silsila.judgement"
     " WHERE $1::interval IS NOT NULL GROUP BY gateway, code ORDER BY times DESC, gateway LIMIT 50"},
    {"unplaced", "Probes in no equipment", "every probe has its place",
     "SELECT p.gateway, p.probe FROM silsila.probe p WHERE silsila.placed_in(p.gateway, p.probe, now()) IS "
     "NULL"
     "   AND $1::interval IS NOT NULL ORDER BY 1, 2 LIMIT 50"},
    {"unconfirmed", "Policies in use that nobody has confirmed",
     "no policy in use says of itself that it is to be confirmed",
     "SELECT DISTINCT ON (o.id) o.id AS policy, o.version, p.code AS product FROM silsila.policy_entry o"
     "  JOIN silsila.product_entry p ON p.policy = o.id"
     " WHERE $1::interval IS NOT NULL AND convert_from(o.content, 'UTF8') ~ '(^|\\n)[ \\t]*confirm[ \\t]*=[ "
     "\\t]*true'"
     " ORDER BY o.id, o.version DESC LIMIT 50"},
    {"due", "Calibration due within 30 days", "no calibration is due",
     "SELECT gateway, probe, to_char(due AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS due FROM silsila.calibration"
     " WHERE valid_to IS NULL AND due < now() + interval '30 days' AND $1::interval IS NOT NULL ORDER BY 3, "
     "1, 2 LIMIT 50"},
};

static enum outcome answer(PGconn *database, const struct question *question, const char *silence, bool json,
                           struct why *why)
{
    scoped_by(database_clear) PGresult *rows = NULL;
    enum outcome outcome = database_query(database, question->sql, 1, &silence, &rows, why);
    if (outcome != DONE)
        return outcome;
    if (json)
        printf("%s\"%s\":", question == questions ? "{" : ",", question->name);
    else
        printf("%s%s\n", question == questions ? "" : "\n", question->heading);
    print_rows(stdout, rows, json, question->nothing);
    return DONE;
}

static int status(const struct say *say, const char *silence)
{
    struct why why = {""};
    struct home home;
    scoped_by(database_close) PGconn *database = NULL;
    if (!say_open_home(say, &home))
        return EXIT_FAILED;
    enum outcome outcome = database_open(home.settings.database, &database, &why);
    home_close(&home);
    for (size_t i = 0; outcome == DONE && i < sizeof questions / sizeof questions[0]; i++)
        outcome = answer(database, &questions[i], silence, say->json, &why);
    if (outcome != DONE)
        return say_failed(say, "%s", why.text);
    if (say->json)
        puts("}");
    return EXIT_DONE;
}

int command_status(int argc, char **argv)
{
    struct say say = {.command = "status"};
    const char *silence = "30 minutes";
    const struct argument table[] = {
        {"silent-after", "TIME", "how long a gateway may say nothing (30 minutes)", false, &silence, 0, 0},
        SAY_ARGUMENTS(say),
    };
    const struct arguments arguments = {say.command,
                                        "what is silent, out of range, in trouble, missing, disputed, of no "
                                        "effect, unplaced, unconfirmed or due",
                                        table, sizeof table / sizeof table[0]};
    enum arguments_next next = arguments_read(&arguments, argc, argv);
    return next == ARGUMENTS_GO ? status(&say, silence) : arguments_status(next);
}
