#include "tests/helpers/ledger_bench.h"

#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <mqtt_protocol.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "coldchain/certificate.h"
#include "common/merkle.h"
#include "ingest/tree.h"

enum { RESEND_MS = 1000 };

static struct why why;

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- keys and files ---- */

static void write_file(const struct bench *bench, const char *name, struct bytes content)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", bench->folder, name);
    FILE *file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(content.data, 1, content.len, file), content.len);
    ck_assert_int_eq(fclose(file), 0);
}

static void certify_server(struct bench *bench)
{
    struct buffer der = {0};
    struct buffer statement = {0};
    struct buffer certificate = {0};
    uint8_t signature[SIGNATURE_LEN];
    struct certificate made = {.serial = 1, .kind = SILSILA__V1__KEY_KIND__KEY_KIND_SERVER, .owner = "server"};
    ck_assert_int_eq(key_public_der(bench->server, &der, &why), DONE);
    ck_assert_uint_eq(der.len, sizeof made.public_key);
    memcpy(made.public_key, der.data, der.len);
    made.not_before_ms = 1;
    ck_assert_msg(certificate_statement(&made, bench->origin, &statement, &why) == DONE, "%s", why.text);
    ck_assert_int_eq(key_sign(bench->authority, PURPOSE_CERTIFICATE, bench->origin, buffer_view(&statement), signature, &why),
                     DONE);
    ck_assert_int_eq(certificate_seal(buffer_view(&statement), signature, &certificate, &why), DONE);
    write_file(bench, "server.certificate", buffer_view(&certificate));
    buffer_free(&der);
    buffer_free(&statement);
    buffer_free(&certificate);
}

static void make_keys(struct bench *bench)
{
    char path[160];
    struct buffer der = {0};
    char hex[2 * ORIGIN_LEN + 1];
    char key_hex[256];
    ck_assert_int_eq(getrandom(bench->origin, ORIGIN_LEN, 0), ORIGIN_LEN);
    ck_assert_int_eq(key_generate(&bench->authority, &why), DONE);
    ck_assert_int_eq(key_generate(&bench->server, &why), DONE);
    ck_assert_int_eq(key_public_of(bench->server, &bench->server_public, &why), DONE);
    snprintf(path, sizeof path, "%s/server.key", bench->folder);
    ck_assert_msg(key_save(bench->server, path, &why) == DONE, "%s", why.text);
    certify_server(bench);
    ck_assert_int_eq(key_public_der(bench->authority, &der, &why), DONE);
    write_file(bench, "authority.der", buffer_view(&der));
    bytes_to_hex(bytes_of(bench->origin, ORIGIN_LEN), hex);
    bytes_to_hex(buffer_view(&der), key_hex);
    (void)postgres_number(bench->db, "INSERT INTO ledger.origin (origin, name, authority_key)"
                                     " VALUES ('\\x%s', 'bench', '\\x%s')", hex, key_hex);
    buffer_free(&der);
}

/* ---- MQTT ---- */

static void take_receipt(struct bench *bench, const char *gateway, struct bytes raw)
{
    struct envelope_view view;
    uint8_t hash[HASH_LEN];
    ck_assert_msg(envelope_open(raw, &view, &why) == DONE, "receipt: %s", why.text);
    sha256(view.body, hash);
    ck_assert_msg(key_verify_hash(bench->server_public, PURPOSE_RECEIPT, bench->origin, hash, view.signature, &why) == DONE,
                  "a receipt's signature is not the server's: %s", why.text);
    bench->receipts++;
    for (size_t i = 0; i < bench->sender_count; i++)
        if (strcmp(bench->senders[i]->id, gateway) == 0)
            (void)sender_take_receipt(bench->senders[i], view.body);
}

static void on_message(struct mosquitto *mqtt, void *object, const struct mosquitto_message *message)
{
    static const char prefix[] = "silsila/v1/receipt/";
    (void)mqtt;
    if (strncmp(message->topic, prefix, sizeof prefix - 1) == 0)
        take_receipt(object, message->topic + sizeof prefix - 1, bytes_of(message->payload, (size_t)message->payloadlen));
}

static void on_connect(struct mosquitto *mqtt, void *object, int code)
{
    (void)object;
    if (code == 0)
        ck_assert_int_eq(mosquitto_subscribe(mqtt, NULL, "silsila/v1/receipt/+", 1), MOSQ_ERR_SUCCESS);
}

static void connect_mqtt(struct bench *bench)
{
    (void)mosquitto_lib_init();
    bench->mqtt = mosquitto_new(NULL, true, bench);
    ck_assert_ptr_nonnull(bench->mqtt);
    mosquitto_connect_callback_set(bench->mqtt, on_connect);
    mosquitto_message_callback_set(bench->mqtt, on_message);
    ck_assert_int_eq(mosquitto_connect(bench->mqtt, "127.0.0.1", bench->broker.port, 60), MOSQ_ERR_SUCCESS);
}

void bench_publish(struct bench *bench, const char *topic, struct bytes payload)
{
    /* A broker that is away costs this copy: the sender repeats it. */
    (void)mosquitto_publish(bench->mqtt, NULL, topic, (int)payload.len, payload.data, 1, false);
}

void bench_send(struct bench *bench, const struct sender *sender, uint64_t seq, const char *lane)
{
    char topic[96];
    snprintf(topic, sizeof topic, "silsila/v1/up/0/%s/%s", sender->id, lane);
    bench_publish(bench, topic, sender_envelope(sender, seq));
}

void bench_pump(struct bench *bench, int most_ms)
{
    if (mosquitto_loop(bench->mqtt, most_ms, 100) != MOSQ_ERR_SUCCESS)
        (void)mosquitto_reconnect(bench->mqtt);
}

void bench_until(struct bench *bench, bool (*holds)(struct bench *bench), const char *what)
{
    int64_t end_ms = now_ms() + BENCH_HEAL_MS;
    while (!holds(bench)) {
        ck_assert_msg(now_ms() < end_ms, "it never came about: %s", what);
        bench_pump(bench, 10);
    }
}

void bench_idle(struct bench *bench, int ms)
{
    int64_t end_ms = now_ms() + ms;
    while (now_ms() < end_ms)
        bench_pump(bench, 10);
}

static uint64_t unreceipted(const struct bench *bench)
{
    uint64_t count = 0;
    for (size_t i = 0; i < bench->sender_count; i++)
        count += sender_unreceipted(bench->senders[i]);
    return count;
}

static void send_unreceipted(struct bench *bench)
{
    for (size_t i = 0; i < bench->sender_count; i++) {
        const struct sender *sender = bench->senders[i];
        for (uint64_t seq = 1; seq <= sender->seq; seq++)
            if (sender->bodies[seq].envelope.len && !sender->bodies[seq].receipted)
                bench_send(bench, sender, seq, "late");
    }
}

static bool all_receipted(struct bench *bench)
{
    return unreceipted(bench) == 0;
}

void bench_deliver_until(struct bench *bench, bool (*holds)(struct bench *bench), const char *what)
{
    int64_t end_ms = now_ms() + BENCH_HEAL_MS;
    int64_t send_ms = 0;
    while (!holds(bench)) {
        ck_assert_msg(now_ms() < end_ms, "it never came about: %s (%llu bodies have no receipt)", what,
                      (unsigned long long)unreceipted(bench));
        if (now_ms() >= send_ms) {
            send_unreceipted(bench);
            send_ms = now_ms() + RESEND_MS;
        }
        bench_pump(bench, 10);
    }
}

void bench_deliver(struct bench *bench)
{
    bench_deliver_until(bench, all_receipted, "a receipt for every body");
}

/* ---- opening and closing ---- */

void bench_open(struct bench *bench)
{
    bench_open_on(bench, "");
}

void bench_open_on(struct bench *bench, const char *postgres_lines)
{
    *bench = (struct bench){.folder = "/tmp/silsila-bench-XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(bench->folder));
    postgres_make(&bench->postgres, postgres_lines);
    bench->db = postgres_connect(&bench->postgres);
    broker_make(&bench->broker);
    broker_start(&bench->broker, "allow_anonymous true\nmax_queued_messages 50000\nmessage_size_limit 1000000\n");
    make_keys(bench);
    connect_mqtt(bench);
}

/* What a sanitizer says of an ingest stands in that one's log. */
static void check_log(const struct bench *bench, int which)
{
    static const char *const words[] = {"runtime error", "Sanitizer"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        ck_assert_msg(!bench_log_has(bench, which, words[i]), "%s in %s", words[i], bench->ingests[which].log);
}

void bench_close(struct bench *bench)
{
    char command[96];
    for (int which = 0; which < BENCH_INGESTS; which++) {
        (void)bench_signal(bench, which, SIGKILL);
        if (bench->ingests[which].log[0])
            check_log(bench, which);
    }
    mosquitto_destroy(bench->mqtt);
    PQfinish(bench->db);
    broker_remove(&bench->broker);
    postgres_remove(&bench->postgres);
    for (size_t i = 0; i < bench->sender_count; i++)
        sender_free(bench->senders[i]);
    key_private_free(&bench->authority);
    key_private_free(&bench->server);
    key_public_free(&bench->server_public);
    snprintf(command, sizeof command, "rm -rf %s", bench->folder);
    ck_assert_int_eq(system(command), 0);
}

void bench_reconnect(struct bench *bench)
{
    PQfinish(bench->db);
    bench->db = postgres_connect(&bench->postgres);
}

static void write_config(struct bench *bench, struct bench_ingest *ingest, const char *lines)
{
    FILE *file = fopen(ingest->config, "we");
    ck_assert_ptr_nonnull(file);
    fprintf(file,
            "id = \"ingest\"\nbroker_port = %d\ndatabase = \"host=%s dbname=silsila user=silsila_ingest\"\n"
            "server_key = \"%s/server.key\"\nserver_certificate = \"%s/server.certificate\"\n"
            "authority_key = \"%s/authority.der\"\nhttp_port = 0\nfold = false\nreceipt_gap_ms = 0\n%s\n",
            bench->broker.port, bench->proxy_folder ? bench->proxy_folder : bench->postgres.folder, bench->folder, bench->folder, bench->folder, lines);
    ck_assert_int_eq(fclose(file), 0);
}

void bench_start(struct bench *bench, int which, const char *lines, const char *fail)
{
    struct bench_ingest *ingest = &bench->ingests[which];
    const char *program = getenv("SILSILA_INGEST");
    ck_assert_ptr_nonnull(program);
    char path[sizeof ingest->config];
    snprintf(path, sizeof path, "%s/ingest-%d.conf", bench->folder, which);
    memcpy(ingest->config, path, sizeof path);
    snprintf(path, sizeof path, "%s/ingest-%d.log", bench->folder, which);
    memcpy(ingest->log, path, sizeof path);
    write_config(bench, ingest, lines);
    ingest->pid = fork();
    ck_assert_int_ge(ingest->pid, 0);
    if (ingest->pid == 0) {
        int log = open(ingest->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        (void)dup2(log, STDERR_FILENO);
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (fail)
            (void)setenv("SILSILA_FAIL", fail, 1);
        (void)execl(program, program, "-c", ingest->config, (char *)NULL);
        _exit(127);
    }
}

int bench_signal(struct bench *bench, int which, int signal)
{
    struct bench_ingest *ingest = &bench->ingests[which];
    int status = 0;
    if (ingest->pid == 0)
        return 0;
    ck_assert_int_eq(kill(ingest->pid, signal), 0);
    if (signal != SIGTERM && signal != SIGKILL)
        return 0;
    ck_assert_int_eq(waitpid(ingest->pid, &status, 0), ingest->pid);
    ingest->pid = 0;
    return status;
}

void bench_wait_end(struct bench *bench, int which)
{
    struct bench_ingest *ingest = &bench->ingests[which];
    int64_t end_ms = now_ms() + BENCH_HEAL_MS;
    while (waitpid(ingest->pid, NULL, WNOHANG) == 0) {
        ck_assert_msg(now_ms() < end_ms, "the ingest lives on");
        bench_pump(bench, 10);
    }
    ingest->pid = 0;
}

void bench_register(struct bench *bench, const struct sender *sender)
{
    char id[2 * KEY_ID_LEN + 1];
    char der[256];
    bytes_to_hex(bytes_of(sender->key_id, KEY_ID_LEN), id);
    bytes_to_hex(buffer_view(&sender->key_der), der);
    (void)postgres_number(bench->db,
                          "INSERT INTO silsila.key (key_id, owner, kind, public_key, site, roles, valid_from, epoch_no, seq,"
                          " item, body_hash, place_in_order) VALUES ('\\x%s', '%s', 1, '\\x%s', '', '{}', now(), 0, 0, 0,"
                          " '', ''); NOTIFY silsila_keys", id, sender->id, der);
}

void bench_join(struct bench *bench, struct sender *sender)
{
    bench->senders[bench->sender_count++] = sender;
}

void bench_add(struct bench *bench, struct sender *sender, const char *id)
{
    sender_make(sender, id, bench->origin);
    bench_join(bench, sender);
    bench_register(bench, sender);
}

/* ---- invariants ---- */

/* I1: each body stands in the ledger once, under its sender, epoch and seq. */
static void check_once(struct bench *bench, const struct sender *sender)
{
    char epoch[2 * EPOCH_LEN + 1];
    char hash[2 * HASH_LEN + 1];
    bytes_to_hex(bytes_of(sender->epoch, EPOCH_LEN), epoch);
    for (uint64_t seq = 1; seq <= sender->seq; seq++) {
        if (!sender->bodies[seq].envelope.len)
            continue;
        bytes_to_hex(bytes_of(sender->bodies[seq].hash, HASH_LEN), hash);
        long times = postgres_number(bench->db,
                                     "SELECT count(*) FROM ledger.envelope WHERE gateway = '%s' AND epoch = '\\x%s'"
                                     " AND seq = %llu AND sha256(body) = '\\x%s'", sender->id, epoch,
                                     (unsigned long long)seq, hash);
        ck_assert_msg(times == 1, "I1: body %llu of %s is in the ledger %ld times", (unsigned long long)seq, sender->id, times);
    }
}

/* I5: the tree of the entries is what head and tiles say. */
static void check_tree(struct bench *bench)
{
    struct tree tree = {.frontier = {0}};
    struct tree_tiles tiles = {0};
    struct buffer frontier = {0};
    merkle_hash root;
    tree_tiles_begin(&tiles);
    PGresult *entries = PQexecParams(bench->db,
        "SELECT e.key_id, e.algorithm::int4, e.signature, sha256(e.body), e.position FROM ledger.envelope e ORDER BY position",
        0, NULL, NULL, NULL, NULL, 1);
    ck_assert_msg(PQresultStatus(entries) == PGRES_TUPLES_OK, "%s", PQerrorMessage(bench->db));
    for (int row = 0; row < PQntuples(entries); row++) {
        merkle_hash leaf;
        uint32_t algorithm;
        memcpy(&algorithm, PQgetvalue(entries, row, 1), sizeof algorithm);
        merkle_leaf((const uint8_t *)PQgetvalue(entries, row, 0), (uint8_t)ntohl(algorithm),
                    (const uint8_t *)PQgetvalue(entries, row, 2), (const uint8_t *)PQgetvalue(entries, row, 3), leaf);
        tree_append(&tree, leaf, &tiles);
    }
    long count = PQntuples(entries);
    PQclear(entries);
    merkle_root(&tree.frontier, root);
    merkle_frontier_write(&tree.frontier, &frontier);
    PGresult *head = PQexecParams(bench->db, "SELECT root, frontier FROM ledger.head WHERE shard = 0", 0, NULL, NULL, NULL,
                                  NULL, 1);
    ck_assert_int_eq(PQntuples(head), 1);
    ck_assert_msg(memcmp(PQgetvalue(head, 0, 0), root, HASH_LEN) == 0, "I5: the head's root is not that of the entries");
    ck_assert_int_eq(PQgetlength(head, 0, 1), (int)frontier.len);
    if (frontier.len)
        ck_assert_mem_eq(PQgetvalue(head, 0, 1), frontier.data, frontier.len);
    PQclear(head);
    ck_assert_int_eq(postgres_number(bench->db, "SELECT size FROM ledger.head WHERE shard = 0"), count);
    ck_assert_int_eq(postgres_number(bench->db, "SELECT coalesce(max(position) + 1, 0) FROM ledger.entry"), count);
    ck_assert_int_eq(postgres_number(bench->db, "SELECT count(*) FROM ledger.tile"), (long)tiles.levels.count);
    tree_tiles_free(&tiles);
    buffer_free(&frontier);
}

/* What ledger.epoch says is stored is what the entries say. */
static void check_ranges(struct bench *bench)
{
    long wrong = postgres_number(bench->db,
        "SELECT count(*) FROM ledger.epoch p WHERE p.stored <>"
        " (SELECT range_agg(int8range(e.seq, e.seq, '[]')) FROM ledger.entry e WHERE e.epoch_no = p.epoch_no)");
    ck_assert_msg(wrong == 0, "%ld epochs have ranges that are not their entries'", wrong);
}

static bool quarantine_is_counted(struct bench *bench)
{
    return postgres_number(bench->db, "SELECT coalesce(sum(messages), 0) FROM ledger.quarantine_count") >=
           (long)bench->quarantined;
}

void bench_check(struct bench *bench)
{
    for (size_t i = 0; i < bench->sender_count; i++)
        check_once(bench, bench->senders[i]);
    check_tree(bench);
    check_ranges(bench);
    if (bench->quarantined)
        bench_until(bench, quarantine_is_counted, "I7: unauthenticated messages counted");
    ck_assert_int_eq(postgres_number(bench->db, "SELECT coalesce(sum(messages), 0) FROM ledger.quarantine_count"),
                     (long)bench->quarantined);
}

/* ---- looking at an ingest ---- */

bool bench_log_has(const struct bench *bench, int which, const char *text)
{
    static char log[1 << 20];
    FILE *file = fopen(bench->ingests[which].log, "re");
    if (!file)
        return false;
    size_t len = fread(log, 1, sizeof log - 1, file);
    (void)fclose(file);
    log[len] = '\0';
    return strstr(log, text) != NULL;
}

static int http_port(const struct bench *bench, int which)
{
    char line[4096];
    int port = -1;
    FILE *file = fopen(bench->ingests[which].log, "re");
    while (file && fgets(line, sizeof line, file)) {
        const char *at = strstr(line, "http_port=");
        if (at)
            port = (int)strtol(at + strlen("http_port="), NULL, 10); /* the last one: after restarts */
    }
    if (file)
        (void)fclose(file);
    return port;
}

int bench_page(const struct bench *bench, int which, const char *path, char *out, size_t room)
{
    char request[256];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)http_port(bench, which))};
    size_t len = 0;
    out[0] = '\0';
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(fd);
        return 0;
    }
    int wanted = snprintf(request, sizeof request, "GET %s HTTP/1.0\r\n\r\n", path);
    (void)!write(fd, request, (size_t)wanted);
    ssize_t got;
    while (len + 1 < room && (got = read(fd, out + len, room - 1 - len)) > 0)
        len += (size_t)got;
    out[len] = '\0';
    (void)close(fd);
    return len > 12 ? (int)strtol(out + 9, NULL, 10) : 0;
}

double bench_figure(const struct bench *bench, int which, const char *name)
{
    static char page[65536];
    char line[128];
    if (bench_page(bench, which, "/metrics", page, sizeof page) != 200)
        return -1;
    snprintf(line, sizeof line, "\n%s ", name);
    const char *at = strstr(page, line);
    return at ? strtod(at + strlen(line), NULL) : -1;
}

void bench_until_ready(struct bench *bench, int which)
{
    char page[1024];
    int64_t end_ms = now_ms() + BENCH_HEAL_MS;
    while (bench_page(bench, which, "/-/ready", page, sizeof page) != 200 ||
           bench_figure(bench, which, "silsila_ingest_active") != 1) {
        ck_assert_msg(now_ms() < end_ms, "ingest %d does not become ready: %s", which, page);
        bench_pump(bench, 20);
    }
}
