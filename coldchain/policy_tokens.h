/* Policy tokens: a policy file cut into words, numbers, texts and signs. For policy_file.c only.
 *
 *     # a comment runs to the end of the line
 *     word   = [A-Za-z_] [A-Za-z0-9_-]*        number = [-] digits [. digits]
 *     text   = "…", with \" and \\ inside, on one line
 *     sign   = { } = ,
 */
#ifndef COLDCHAIN_POLICY_TOKENS_H
#define COLDCHAIN_POLICY_TOKENS_H

#include "coldchain/arena.h"
#include "common/bytes.h"
#include "common/outcome.h"

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_NUMBER, TOKEN_TEXT, TOKEN_SIGN };

struct tokens {
    struct bytes text;
    size_t at;
    int line; /* of the present token */
    enum token_kind kind;
    const char *value; /* the present token's text; the arena's */
    char sign;         /* of TOKEN_SIGN */
    struct arena *arena;
};

/* Starts before the first token; call tokens_next(). */
void tokens_begin(struct tokens *tokens, struct bytes text, struct arena *arena);

/* Takes the next token. REJECT with "line N: …" for a byte that begins none, RETRY when memory is out. */
MUST_CHECK enum outcome tokens_next(struct tokens *tokens, struct why *why);

/* Is the present token this sign? */
bool tokens_at_sign(const struct tokens *tokens, char sign);

/* The present token must be this sign; takes the next. */
MUST_CHECK enum outcome tokens_expect(struct tokens *tokens, char sign, struct why *why);

#endif
