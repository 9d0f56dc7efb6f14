/* secret: finds what looks like a password or a key in text. */
#include "config.h"

#include "secret.h"

#include <ctype.h>
#include <stdbool.h>

#include "alloc.h"

/* Tokens that say what they are by how they begin. */
static const struct {
	const char *begin;
	size_t least;		/* characters that must follow */
} tokens[] = {
	{ "sk-", 20 }, { "sk_live_", 16 }, { "sk_test_", 16 },
	{ "rk_live_", 16 }, { "ghp_", 30 }, { "gho_", 30 }, { "ghs_", 30 },
	{ "ghu_", 30 }, { "github_pat_", 30 }, { "glpat-", 20 },
	{ "AKIA", 16 }, { "ASIA", 16 }, { "xoxb-", 20 }, { "xoxp-", 20 },
	{ "xoxa-", 20 }, { "xapp-", 20 }, { "AIza", 30 }, { "ya29.", 20 },
	{ "npm_", 30 }, { "pypi-", 40 }, { "hf_", 30 }, { "dop_v1_", 40 },
	{ "SG.", 40 }, { "eyJ", 60 }, { "gsk_", 30 }, { "xai-", 40 }
};

/* Names whose value is one, when it is long enough to be no word. */
static const char *const names[] = {
	"password", "passwd", "passphrase", "secret", "api_key", "apikey",
	"api-key", "access_token", "auth_token", "client_secret",
	"private_key", "secret_key", "access_key"
};

static bool
is_token(unsigned char c)
{
	return isalnum(c) || c == '-' || c == '_' || c == '.' || c == '+' ||
	    c == '/' || c == '=' || c == '~';
}

static size_t
run_of(const char *p, size_t len)
{
	size_t n = 0;

	while (n < len && is_token((unsigned char)p[n]))
		n++;
	/* the end of the sentence is not the token's */
	while (n > 0 && p[n - 1] == '.')
		n--;
	return n;
}

static bool
starts(const char *p, size_t len, const char *with)
{
	size_t n = strlen(with);

	return len >= n && memcmp(p, with, n) == 0;
}

static bool
has_digit(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (isdigit((unsigned char)p[i]))
			return true;
	return false;
}

/* Bytes of the token that starts here; 0: none. */
static size_t
known_token(const char *p, size_t len)
{
	for (size_t i = 0; i < sizeof(tokens) / sizeof(*tokens); i++) {
		size_t n, b;
		if (*p != *tokens[i].begin || !starts(p, len,
		    tokens[i].begin))
			continue;
		b = strlen(tokens[i].begin);
		n = run_of(p, len);
		if (n >= b + tokens[i].least && has_digit(p, n))
			return n;
	}
	return 0;
}

/* A key in PEM, to the end of its block or of the text. */
static size_t
pem_key(const char *p, size_t len)
{
	const char *end, *kind;

	if (!starts(p, len, "-----BEGIN "))
		return 0;
	kind = memmem(p, len < 64 ? len : 64, "PRIVATE KEY-----", 16);
	if (!kind)
		return 0;
	kind += 16;
	end = memmem(kind, len - (size_t)(kind - p), "PRIVATE KEY-----", 16);
	return end ? (size_t)(end - p) + 16 : len;
}

/*
 * "password = hunter2hunter2": where the value starts; 0: none.  A value
 * that is a reference ("$DB_PASSWORD", "<password>") is no secret, and one
 * of letters alone is most likely prose.
 */
static size_t
named_value(const char *p, size_t len, size_t *ret_len)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		size_t n, at, m = 0;
		if ((*p | 0x20) != names[i][0] || len < 2 ||
		    (p[1] | 0x20) != names[i][1])
			continue;
		at = n = strlen(names[i]);
		if (len <= n || strncasecmp(p, names[i], n) != 0)
			continue;
		while (at < len && (p[at] == '"' || p[at] == '\'' ||
		    p[at] == ' '))
			at++;
		if (at == len || (p[at] != '=' && p[at] != ':'))
			continue;
		for (at++; at < len && (p[at] == ' ' || p[at] == '"' ||
		    p[at] == '\''); at++)
			;
		while (at + m < len && !isspace((unsigned char)p[at + m]) &&
		    p[at + m] != '"' && p[at + m] != '\'' &&
		    p[at + m] != ',')
			m++;
		if (m < 8 || strchr("$<{[(%", p[at]) || !has_digit(p + at, m))
			continue;
		*ret_len = m;
		return at;
	}
	return 0;
}

/* "://user:password@": where the password starts; 0: none. */
static size_t
url_password(const char *p, size_t len, size_t *ret_len)
{
	size_t colon = 0, i = 3;

	if (!starts(p, len, "://"))
		return 0;
	for (; i < len && p[i] != '@'; i++) {
		if (isspace((unsigned char)p[i]) || p[i] == '/')
			return 0;
		if (p[i] == ':' && !colon)
			colon = i + 1;
	}
	if (i == len || !colon || colon == i || strchr("$<{[", p[colon]))
		return 0;
	*ret_len = i - colon;
	return colon;
}

/* What may begin with this character; 0: nothing, as for most. */
enum { TOKEN = 1, PEM = 2, URL = 4, NAMED = 8 };

static const unsigned char begins[256] = {
	['-'] = PEM, [':'] = URL, ['s'] = TOKEN | NAMED, ['S'] = TOKEN | NAMED,
	['r'] = TOKEN, ['g'] = TOKEN, ['A'] = TOKEN | NAMED, ['a'] = NAMED,
	['x'] = TOKEN, ['y'] = TOKEN, ['n'] = TOKEN, ['p'] = TOKEN | NAMED,
	['P'] = NAMED, ['h'] = TOKEN, ['d'] = TOKEN, ['e'] = TOKEN,
	['c'] = NAMED, ['C'] = NAMED
};

size_t
secret_blank(const char *text, size_t len, struct buf *out)
{
	size_t found = 0, from = 0, i = 0;

	while (i < len) {
		unsigned may = begins[(unsigned char)text[i]];
		size_t at = 0, n = 0;

		if (may & TOKEN && (i == 0 ||
		    !isalnum((unsigned char)text[i - 1])))
			n = known_token(text + i, len - i);
		if (may & PEM)
			n = pem_key(text + i, len - i);
		if (may & URL)
			at = url_password(text + i, len - i, &n);
		if (!n && may & NAMED)
			at = named_value(text + i, len - i, &n);
		if (!n) {
			i++;
			continue;
		}
		buf_add(out, text + from, i + at - from);
		buf_adds(out, "[secret]");
		i = from = i + at + n;
		found++;
	}
	buf_add(out, text + from, len - from);
	return found;
}
