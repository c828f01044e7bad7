/* Identifiers: what stands on a label, and whether it can be true.
 *
 * ISBT 128 for blood: the donation identification number (DIN) `αpppp yy nnnnnn`, its two flag characters and its
 * check character; product codes, dates, consignments. GS1 for boxes (SSCC), sites (GLN) and devices (GIAI).
 * Source: ISBT 128 Standard Technical Specification (data structures and check characters), GS1 General
 * Specifications (modulo 10). The code tables of ISBT 128 are licensed and not here: a product code is checked for its
 * shape only.
 *
 * What a scanner sends is coldchain/scan.h's business; this is about values already taken out of it.
 */
#ifndef COLDCHAIN_IDENTIFIER_H
#define COLDCHAIN_IDENTIFIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DIN_LENGTH = 13, SSCC_LENGTH = 18, GLN_LENGTH = 13, GTIN_LENGTH = 14, GIAI_MOST = 30, PRODUCT_LENGTH = 8 };

enum identifier_kind {
    IDENTIFIER_NONE,
    IDENTIFIER_DIN,         /* 13 characters */
    IDENTIFIER_PRODUCT,     /* 8 */
    IDENTIFIER_BLOOD_GROUP, /* 4 */
    IDENTIFIER_EXPIRY,      /* cyyjjj or cyyjjjhhmm */
    IDENTIFIER_COLLECTION,  /* cyyjjj or cyyjjjhhmm */
    IDENTIFIER_CONSIGNMENT, /* 17: FIN, year, number, container cc of dd */
    IDENTIFIER_COMPOUND,    /* 5: how many structures follow, and which message they make */
    IDENTIFIER_SSCC,        /* 18 digits */
    IDENTIFIER_GLN,         /* 13 digits */
    IDENTIFIER_GTIN,        /* 14 digits */
    IDENTIFIER_GIAI         /* up to 30 characters, no check digit */
};

/* ---- ISBT 128 ---- */

/* True when 13 characters have a DIN's shape: α in A–N, P–Z, 1–9; a facility of capital letters (no O) and digits, the
 * last three digits; year and number digits. */
bool isbt_is_din(const char *text, size_t len);

/* The modulo 37-2 checksum of a DIN, 0 to 36. Only for text that isbt_is_din() accepts. */
int isbt_checksum(const char *din);

/* The check character printed beside a DIN: 0–9, A–Z, `*`. */
char isbt_check_character(const char *din);

/* What the two flag characters of a scanned DIN say. Flags 60 to 96 are 60 + the checksum; 00 to 59 mean the label's
 * kind and say nothing of the number; anything else, or another checksum, is bad. */
enum isbt_flag { FLAG_CHECKED, FLAG_UNCHECKED, FLAG_BAD };
enum isbt_flag isbt_check_flags(const char *din, const char *flags);

/* A date out of `cyyjjj` or `cyyjjjhhmm`: a local calendar time; no time means 23:59. */
struct isbt_date {
    int year;
    int day_of_year;
    int hour;
    int minute;
};
bool isbt_read_date(const char *text, size_t len, struct isbt_date *date);

/* A consignment: its number, and this container of how many. */
struct isbt_consignment {
    char facility[6];
    int year;
    int number;
    int container;
    int containers;
};
bool isbt_read_consignment(const char *text, size_t len, struct isbt_consignment *consignment);

/* The DIN that a lot's id begins with (a unit's id is its DIN, then product code and division; a leading `=` is passed
 * over); false when there is none. Writes DIN_LENGTH characters and a NUL. */
bool identifier_din_of(const char *lot_id, char *din);

/* ---- GS1 ---- */

/* True when `len` digits end in their modulo 10 check digit (SSCC, GLN, GTIN). */
bool gs1_check_digit_holds(const char *digits, size_t len);

/* ---- any ---- */

/* True when `text` can be an identifier of the kind: length, characters, check. */
bool identifier_holds(enum identifier_kind kind, const char *text, size_t len);

/* True unless the id of a lot fails its check (fine print 33: `bad_identifier`): an id that begins as a DIN, or is an
 * SSCC or a consignment, must hold; an id of our own making always does. */
bool identifier_lot_id_holds(const char *id);

#endif
