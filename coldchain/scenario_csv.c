/* Readings from a CSV file (coldchain/recording.h); a scenario does not forgive a bad row. */
#include <string.h>

#include "coldchain/recording.h"
#include "coldchain/scenario_reader.h"

static void refuse_line(const struct entry *probe, size_t line, const char *message)
{
    struct why text;
    entry_refuse(probe, "csv", (fail(&text, REJECT, "line %zu: %s", line, message), text.text));
}

static void take_line(const struct entry *probe, struct bytes text, size_t line, reading_list *readings)
{
    struct why why = {0};
    struct recorded row;
    switch (recording_row_read(text, line == 1, &row, &why)) {
    case RECORDING_READING:
        vec_push(probe->reader->arena, readings,
                 (struct reading){.t = row.at_ms, .mc = row.value_mc, .boot = NONE, .good = true});
        break;
    case RECORDING_BAD: refuse_line(probe, line, why.text); break;
    case RECORDING_NOTHING: break;
    }
}

void reader_csv(const struct entry *probe, const char *name, reading_list *readings)
{
    struct scenario_reader *reader = probe->reader;
    struct bytes text = {0};
    struct why why = {0};
    if (!reader->files || !reader->files->read) {
        entry_refuse(probe, "csv", "files cannot be read here");
        return;
    }
    if (reader->files->read(reader->files->context, name, reader->arena, &text, &why) != DONE) {
        entry_refuse(probe, "csv", why.text);
        return;
    }
    for (size_t line = 1; text.len > 0 && reader_ok(reader); line++) {
        const uint8_t *end = memchr(text.data, '\n', text.len);
        size_t len = end ? (size_t)(end - text.data) + 1 : text.len;
        take_line(probe, bytes_of(text.data, len), line, readings);
        text = bytes_of(text.data + len, text.len - len);
    }
}
