/* Keyboard layouts: a scanner that plays a keyboard sends keys, not characters, and the computer makes of a key what
 * its layout says. Each table lists what is seen and what was meant; what is not listed stands for itself. */
#include <string.h>

#include "coldchain/scan.h"

struct seen_as {
    const char *seen; /* UTF-8, longer ones before those they begin with */
    char meant;
};

static const struct seen_as plain[] = {{NULL, 0}};

/* Keys of a US keyboard on a computer set to French. */
static const struct seen_as computer_azerty[] = {
    {"&", '1'},  {"é", '2'}, {"\"", '3'}, {"'", '4'}, {"(", '5'}, {"-", '6'}, {"è", '7'}, {"_", '8'}, {"ç", '9'},
    {"à", '0'},  {"É", '2'}, {"È", '7'},  {"Ç", '9'}, {"À", '0'}, {")", '-'}, {"1", '!'}, {"2", '@'}, {"3", '#'},
    {"4", '$'},  {"5", '%'}, {"6", '^'},  {"7", '&'}, {"8", '*'}, {"9", '('}, {"0", ')'}, {"°", '_'}, {"a", 'q'},
    {"q", 'a'},  {"z", 'w'}, {"w", 'z'},  {",", 'm'}, {"m", ';'}, {";", ','}, {":", '.'}, {"!", '/'}, {"A", 'Q'},
    {"Q", 'A'},  {"Z", 'W'}, {"W", 'Z'},  {"?", 'M'}, {"M", ':'}, {".", '<'}, {"/", '>'}, {"§", '?'}, {NULL, 0}};

/* Keys of a French keyboard on a computer set to US. */
static const struct seen_as scanner_azerty[] = {
    {"!", '1'}, {"@", '2'}, {"#", '3'}, {"$", '4'}, {"%", '5'}, {"^", '6'},  {"&", '7'}, {"*", '8'},  {"(", '9'},
    {")", '0'}, {"1", '&'}, {"5", '('}, {"6", '-'}, {"8", '_'}, {"q", 'a'},  {"a", 'q'}, {"w", 'z'},  {"z", 'w'},
    {";", 'm'}, {"Q", 'A'}, {"A", 'Q'}, {"W", 'Z'}, {"Z", 'W'}, {":", 'M'},  {"M", '?'}, {"\"", '%'}, {"]", '$'},
    {"\\", '*'}, {"|", '>'}, {",", ';'}, {".", ':'}, {"/", '!'}, {NULL, 0}};

/* Keys of a US keyboard on a computer set to German. The key of `=` is a dead accent there. */
static const struct seen_as computer_qwertz[] = {
    {"´", '='}, {"`", '+'}, {"y", 'z'}, {"z", 'y'}, {"Y", 'Z'}, {"Z", 'Y'}, {";", '<'},
    {":", '>'}, {"(", '*'}, {"/", '&'}, {"ß", '-'}, {NULL, 0}};

/* Keys of a US keyboard on a computer set to Arabic (101): digits stay, letters with shift become signs. */
static const struct seen_as computer_arabic[] = {
    {"لإ", 'T'}, {"لأ", 'G'}, {"لآ", 'B'}, {"إ", 'Y'}, {"أ", 'H'}, {"آ", 'N'}, {"َ", 'Q'}, {"ً", 'W'}, {"ُ", 'E'},
    {"ٌ", 'R'},  {"`", 'U'},  {"÷", 'I'},  {"×", 'O'}, {"؛", 'P'}, {"ِ", 'A'}, {"ٍ", 'S'}, {"]", 'D'}, {"[", 'F'},
    {"ـ", 'J'},  {"،", 'K'},  {"/", 'L'},  {"~", 'Z'}, {"ْ", 'X'}, {"}", 'C'}, {"{", 'V'}, {"'", 'M'}, {",", '<'},
    {".", '>'},  {"٠", '0'},  {"١", '1'},  {"٢", '2'}, {"٣", '3'}, {"٤", '4'}, {"٥", '5'}, {"٦", '6'}, {"٧", '7'},
    {"٨", '8'},  {"٩", '9'},  {NULL, 0}};

struct layout {
    const struct seen_as *table;
    unsigned trap;
    bool inverts_case;
};

static const struct layout layouts[SCAN_LAYOUTS] = {
    {plain, 0, false},
    {computer_azerty, SCAN_COMPUTER_AZERTY, false},
    {scanner_azerty, SCAN_SCANNER_AZERTY, false},
    {plain, SCAN_CAPS_LOCK, true},
    {computer_qwertz, SCAN_COMPUTER_QWERTZ, false},
    {computer_arabic, SCAN_COMPUTER_ARABIC, false},
};

static char other_case(char c)
{
    if (c >= 'a' && c <= 'z')
        return (char)(c - 'a' + 'A');
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* How many bytes the first seen character takes, and what it meant; 0 when it cannot be. */
static size_t meant_by(const struct layout *layout, const uint8_t *text, size_t len, char *meant)
{
    for (const struct seen_as *entry = layout->table; entry->seen; entry++) {
        size_t width = strlen(entry->seen);
        if (width <= len && memcmp(text, entry->seen, width) == 0) {
            *meant = entry->meant;
            return width;
        }
    }
    *meant = layout->inverts_case ? other_case((char)text[0]) : (char)text[0];
    return text[0] < 0x80 ? 1 : 0;
}

bool scan_unmap(size_t layout, struct bytes text, char *out, size_t *len, unsigned *trap)
{
    *len = 0;
    *trap = layouts[layout].trap;
    for (size_t at = 0; at < text.len;) {
        char meant;
        size_t width = meant_by(&layouts[layout], text.data + at, text.len - at, &meant);
        if (width == 0 || *len == SCAN_MOST_BYTES)
            return false;
        out[(*len)++] = meant;
        at += width;
    }
    out[*len] = '\0';
    return true;
}
