#include "common/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

void bytes_to_hex(struct bytes in, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < in.len; i++) {
        *out++ = digits[in.data[i] >> 4];
        *out++ = digits[in.data[i] & 15];
    }
    *out = '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool bytes_from_hex(const char *hex, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        int high = hex_value(hex[2 * i]);
        int low = high < 0 ? -1 : hex_value(hex[2 * i + 1]);
        if (low < 0)
            return false;
        out[i] = (uint8_t)(high * 16 + low);
    }
    return hex[2 * len] == '\0';
}

uint8_t *buffer_reserve(struct buffer *b, size_t len)
{
    if (b->failed)
        return NULL;
    if (len > b->room - b->len) {
        size_t room = b->room ? b->room : 256;
        while (room - b->len < len) {
            if (room > SIZE_MAX / 2) {
                b->failed = true;
                return NULL;
            }
            room *= 2;
        }
        uint8_t *grown = realloc(b->data, room);
        if (!grown) {
            b->failed = true;
            return NULL;
        }
        b->data = grown;
        b->room = room;
    }
    return b->data + b->len;
}

void buffer_add(struct buffer *b, const void *data, size_t len)
{
    if (len == 0)
        return;
    uint8_t *to = buffer_reserve(b, len);
    if (!to)
        return;
    memcpy(to, data, len);
    b->len += len;
}

void buffer_add_byte(struct buffer *b, uint8_t byte)
{
    buffer_add(b, &byte, 1);
}

void buffer_add_text(struct buffer *b, const char *text)
{
    buffer_add(b, text, strlen(text));
}

void buffer_printf(struct buffer *b, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int need = vsnprintf(NULL, 0, format, args);
    va_end(args);
    /* vsnprintf writes a NUL behind the text: reserved, not counted. */
    uint8_t *to = need < 0 ? NULL : buffer_reserve(b, (size_t)need + 1);
    if (to) {
        (void)vsnprintf((char *)to, (size_t)need + 1, format, again);
        b->len += (size_t)need;
    } else {
        b->failed = true;
    }
    va_end(again);
}

void buffer_add_be16(struct buffer *b, uint16_t value)
{
    uint8_t raw[2] = {(uint8_t)(value >> 8), (uint8_t)value};
    buffer_add(b, raw, sizeof raw);
}

void buffer_add_be32(struct buffer *b, uint32_t value)
{
    uint8_t raw[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
    buffer_add(b, raw, sizeof raw);
}

void buffer_add_be64(struct buffer *b, uint64_t value)
{
    buffer_add_be32(b, (uint32_t)(value >> 32));
    buffer_add_be32(b, (uint32_t)value);
}

void buffer_reset(struct buffer *b)
{
    b->len = 0;
    b->failed = false;
}

void buffer_free(struct buffer *b)
{
    free(b->data);
    *b = (struct buffer){0};
}
