#include "common/outbox/internal.h"

/* What each row's hash covers; written once here so that writer and checker cannot differ. */
#define HASH_STATE                                                                                                     \
    "row_hash('state',write_no,samples_taken,samples_lost,samples_thinned,lost_pending,lost_from_ms,lost_until_ms)"
#define HASH_EPOCH                                                                                                     \
    "row_hash('epoch',no,epoch,boot_id,previous,last_certain_seq,last_body_hash,reason,next_seq,last_hash,begun_ms)"
#define HASH_SAMPLE "row_hash('sample',id,source,scheduled_ms,value_mc,quality,up_ms,thinned,item)"
#define HASH_ENVELOPE "row_hash('envelope',id,epoch_no,epoch,seq,sealed_ms,body_hash,raw)"
/* The receipt's mark has a hash of its own, so that receipting does not read the body again. */
#define HASH_MARK "row_hash('mark',epoch,seq,body_hash,receipted_ms)"
#define HASH_VALUE "row_hash('value',name,value)"

static const char *const texts[STATEMENTS] = {
    [S_BEGIN] = "BEGIN IMMEDIATE",
    [S_COMMIT] = "COMMIT",
    [S_ROLLBACK] = "ROLLBACK",
    [S_STATE_LOAD] = "SELECT write_no,samples_taken,samples_lost,samples_thinned,lost_pending,lost_from_ms,lost_until_ms"
                     " FROM state",
    [S_STATE_SAVE] = "INSERT OR REPLACE INTO state VALUES(1,?1,?2,?3,?4,?5,?6,?7,row_hash('state',?1,?2,?3,?4,?5,?6,?7))",
    [S_EPOCH_LAST] = "SELECT no,epoch,boot_id,previous,last_certain_seq,last_body_hash,reason,next_seq,last_hash"
                     " FROM epoch ORDER BY no DESC LIMIT 1",
    [S_EPOCH_LAST_USED] = "SELECT no,epoch,next_seq,last_hash FROM epoch WHERE next_seq>1 ORDER BY no DESC LIMIT 1",
    [S_EPOCH_BY_ID] = "SELECT no,next_seq FROM epoch WHERE epoch=?1",
    [S_EPOCH_BEGIN] = "INSERT INTO epoch VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,"
                      "row_hash('epoch',?1,?2,?3,?4,?5,?6,?7,?8,?9,?10))",
    [S_EPOCH_ADVANCE] = "UPDATE epoch SET next_seq=?2,last_hash=?3,hash=row_hash('epoch',no,epoch,boot_id,previous,"
                        "last_certain_seq,last_body_hash,reason,?2,?3,begun_ms) WHERE no=?1",
    [S_EPOCH_FORGET] = "DELETE FROM epoch WHERE no<?1-16 AND no NOT IN (SELECT epoch_no FROM envelope)",
    [S_SAMPLE_ADD] = "INSERT INTO sample VALUES(?1,?2,?3,?4,?5,?6,?7,?8,row_hash('sample',?1,?2,?3,?4,?5,?6,?7,?8))",
    [S_SAMPLE_LIST] = "SELECT id,source,scheduled_ms,value_mc,quality,up_ms,thinned,item,hash=" HASH_SAMPLE
                      " FROM sample ORDER BY id LIMIT ?1",
    [S_SAMPLE_DELETE] = "DELETE FROM sample WHERE id=?1",
    [S_SAMPLE_COUNT] = "SELECT count(*) FROM sample",
    /* Of every eight consecutive readings of one source and quality the first, the last, the least and the greatest
     * stay; of the others every second goes. */
    [S_SAMPLE_THIN] =
        "WITH numbered AS (SELECT id,source,quality,value_mc,"
        "  row_number() OVER (PARTITION BY source,quality ORDER BY id)-1 AS n FROM sample"
        "  WHERE item IS NULL AND value_mc IS NOT NULL),"
        " judged AS (SELECT id,n%8 AS place,"
        "  row_number() OVER (PARTITION BY source,quality,n/8 ORDER BY value_mc,id) AS least,"
        "  row_number() OVER (PARTITION BY source,quality,n/8 ORDER BY value_mc DESC,id) AS greatest,"
        "  count(*) OVER (PARTITION BY source,quality,n/8) AS many FROM numbered)"
        " DELETE FROM sample WHERE id IN"
        " (SELECT id FROM judged WHERE place%2=1 AND place<many-1 AND least>1 AND greatest>1)",
    [S_SAMPLE_MARK_THINNED] = "UPDATE sample SET thinned=1,hash=row_hash('sample',id,source,scheduled_ms,value_mc,"
                              "quality,up_ms,1,item) WHERE item IS NULL AND value_mc IS NOT NULL AND thinned=0",
    [S_ENVELOPE_ADD] = "INSERT INTO envelope VALUES("
                       "(SELECT coalesce(max(id),0)+1 FROM envelope),?1,?2,?3,?4,?5,?6,"
                       "row_hash('envelope',(SELECT coalesce(max(id),0)+1 FROM envelope),?1,?2,?3,?4,?5,?6),"
                       "NULL,row_hash('mark',?2,?3,?5,NULL))",
    [S_ENVELOPE_OPEN] = "SELECT seq,body_hash,raw,hash=" HASH_ENVELOPE " FROM envelope INDEXED BY envelope_open"
                        " WHERE epoch_no=?1 AND seq>?2 AND receipted_ms IS NULL ORDER BY seq LIMIT ?3",
    [S_ENVELOPE_HASH_AT] = "SELECT body_hash FROM envelope WHERE epoch_no=?1 AND seq=?2",
    [S_ENVELOPE_RECEIPT] = "UPDATE envelope SET receipted_ms=?4,mark=row_hash('mark',epoch,seq,body_hash,?4)"
                           " WHERE id IN (SELECT id FROM envelope INDEXED BY envelope_open WHERE epoch_no=?1"
                           " AND seq BETWEEN ?2 AND ?3 AND receipted_ms IS NULL ORDER BY seq LIMIT ?5)",
    [S_ENVELOPE_AGAIN] = "UPDATE envelope SET receipted_ms=NULL,mark=row_hash('mark',epoch,seq,body_hash,NULL)"
                         " WHERE epoch_no=?1 AND seq BETWEEN ?2 AND ?3 AND receipted_ms IS NOT NULL",
    [S_ENVELOPE_OLDEST] = "SELECT sealed_ms FROM envelope INDEXED BY envelope_open WHERE receipted_ms IS NULL"
                          " ORDER BY epoch_no,seq LIMIT 1",
    [S_ENVELOPE_NEWEST] = "SELECT ifnull(max(sealed_ms),0) FROM (SELECT sealed_ms FROM envelope ORDER BY id DESC LIMIT 100)",
    [S_ENVELOPE_COUNT] = "SELECT count(*) FILTER (WHERE receipted_ms IS NULL),"
                         "count(*) FILTER (WHERE receipted_ms IS NOT NULL) FROM envelope",
    [S_ENVELOPE_EXPIRE] = "DELETE FROM envelope WHERE receipted_ms<=?1 AND mark=" HASH_MARK,
    [S_ENVELOPE_GIVE_UP] = "DELETE FROM envelope WHERE id IN (SELECT id FROM envelope WHERE receipted_ms IS NOT NULL"
                           " AND mark=" HASH_MARK " ORDER BY id LIMIT ?1)",
    /* A mark that does not fit its row was not written by us: the envelope counts as unreceipted and goes again. */
    [S_ENVELOPE_DISTRUST] = "UPDATE envelope SET receipted_ms=NULL,mark=row_hash('mark',epoch,seq,body_hash,NULL)"
                            " WHERE receipted_ms IS NOT NULL AND mark<>" HASH_MARK,
    [S_OPEN_EPOCHS] = "SELECT epoch FROM epoch e WHERE EXISTS (SELECT 1 FROM envelope INDEXED BY envelope_open"
                      " WHERE epoch_no=e.no AND receipted_ms IS NULL) ORDER BY no LIMIT ?1",
    [S_VALUE_PUT] = "INSERT INTO value(name,value,hash) VALUES(?1,?2,row_hash('value',?1,?2))"
                    " ON CONFLICT(name) DO UPDATE SET value=excluded.value,hash=excluded.hash",
    [S_VALUE_GET] = "SELECT value,hash=" HASH_VALUE " FROM value WHERE name=?1",
    [S_PAGE_COUNT] = "PRAGMA page_count",
    [S_FREE_COUNT] = "PRAGMA freelist_count",
    [S_GIVE_BACK] = "PRAGMA incremental_vacuum(16)",
    [S_BAD_STATE] = "SELECT count(*) FROM state WHERE hash IS NOT " HASH_STATE,
    [S_BAD_EPOCH] = "SELECT count(*) FROM epoch WHERE hash IS NOT " HASH_EPOCH,
    [S_BAD_SAMPLE] = "SELECT count(*) FROM sample WHERE hash IS NOT " HASH_SAMPLE,
    [S_BAD_ENVELOPE] = "SELECT count(*) FROM (SELECT * FROM envelope ORDER BY id DESC LIMIT ?1)"
                       " WHERE hash IS NOT " HASH_ENVELOPE " OR mark IS NOT " HASH_MARK,
    [S_BAD_VALUE] = "SELECT count(*) FROM value WHERE hash IS NOT " HASH_VALUE,
};

const char *statement_text(enum statement s)
{
    return texts[s];
}
