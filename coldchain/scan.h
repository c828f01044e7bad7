/* Scan: from what a scanner or a keyboard sent to identifiers, and a line of text for the person holding it.
 *
 *     bytes ─▶ trimmed ─▶ as they stand? ─no─▶ as another keyboard layout would have meant them? ─▶ identifiers
 *                              └─yes─▶ identifiers                  └─no─▶ fault: what is wrong and what to do
 *
 * Identifier and length are both checked, and every check character or digit there is. The traps of the field are
 * known: two codes in one read, identifiers stripped by the scanner, a scanner and a computer that disagree about the
 * keyboard (French AZERTY either way, German, Arabic, caps lock), a code cut short. What can be read without doubt is
 * read and the trap is named, so that the scanner gets its settings mended; what cannot is refused. A read that only
 * a layout explains is accepted only where something in it can be checked (a DIN's flags, a check digit).
 *
 * Pure; the answer points at nothing.
 */
#ifndef COLDCHAIN_SCAN_H
#define COLDCHAIN_SCAN_H

#include "coldchain/identifier.h"
#include "common/bytes.h"
#include "common/outcome.h"

enum { SCAN_MOST_ITEMS = 12, SCAN_MOST_BYTES = 256 };

/* What was noticed on the way, as bits. */
enum scan_trap {
    SCAN_CONCATENATED = 1,     /* several codes in one read */
    SCAN_STRIPPED = 2,         /* the data identifier was missing */
    SCAN_TYPED = 4,            /* entered by hand, with its check character */
    SCAN_COMPUTER_AZERTY = 8,  /* US scanner on a computer set to French */
    SCAN_SCANNER_AZERTY = 16,  /* French scanner on a computer set to US */
    SCAN_COMPUTER_QWERTZ = 32, /* … set to German */
    SCAN_COMPUTER_ARABIC = 64, /* … set to Arabic */
    SCAN_CAPS_LOCK = 128
};

enum scan_fault {
    SCAN_GOOD,
    SCAN_EMPTY,
    SCAN_TRUNCATED, /* an identifier, and too little behind it */
    SCAN_TOO_LONG,  /* good, and something more behind it */
    SCAN_BAD_FLAG,  /* a DIN's flag characters are not its checksum */
    SCAN_BAD_CHECK, /* a check character or digit is wrong */
    SCAN_BAD_VALUE, /* right length, impossible content */
    SCAN_UNCHECKED, /* could be typed or stripped, but nothing in it can be checked */
    SCAN_LAYOUT,    /* would be a code on another keyboard layout (the trap says which), but nothing can be checked */
    SCAN_UNKNOWN    /* no code that is known here */
};

struct scan_item {
    enum identifier_kind kind;
    size_t len;
    char value[GIAI_MOST + 2]; /* without data identifier, flags and check character; NUL-terminated */
    char flags[3];             /* of a DIN, or empty */
};

struct scan {
    enum scan_fault fault;
    enum identifier_kind faulty; /* what the faulty part seemed to be, or IDENTIFIER_NONE */
    unsigned traps;
    size_t count;
    struct scan_item items[SCAN_MOST_ITEMS];
};

/* Reads one scan. DONE, or REJECT with scan->fault set and the English message in `why`. */
MUST_CHECK enum outcome scan_read(struct bytes text, struct scan *scan, struct why *why);

enum language { LANGUAGE_ENGLISH, LANGUAGE_FRENCH, LANGUAGE_ARABIC };

/* One line for the person: what is wrong and what to do, or which setting of the scanner wants mending; empty when all
 * is well. Static text. */
const char *scan_message(const struct scan *scan, enum language language);

/* The layouts a read may have gone through; the first is the one that changes nothing. Writes what was meant into `out`
 * (room for SCAN_MOST_BYTES + 1) and its trap bit into `trap`; false when a character cannot have come that way. */
enum { SCAN_LAYOUTS = 6 };
bool scan_unmap(size_t layout, struct bytes text, char *out, size_t *len, unsigned *trap);

#endif
