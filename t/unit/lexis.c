/* lexis, stem, when, dot: small readers, one table each. */
#include "config.h"

#include "lexis.h"

#include <stdlib.h>

#include "alloc.h"
#include "buf.h"
#include "dot.h"
#include "secret.h"
#include "stem.h"
#include "tap.h"
#include "when.h"

static void
on_word(void *arg, const struct word *w)
{
	struct buf *out = arg;

	buf_addf(out, "%s%s%.*s", out->len ? " " : "", w->whole ? "=" : "",
	    (int)w->len, w->text);
}

static void
words(const char *text, const char *want)
{
	AUTO_BUF struct buf out = BUF_INIT;

	buf_adds(&out, "");
	lexis_scan(text, strlen(text), on_word, &out);
	is_str(out.data, want, text);
}

static void
test_words(void)
{
	words("The Pump, in May!", "the pump in may");
	words("parseHTTPHeader()", "=parsehttpheader parse http header");
	words("see net_util.c:42.", "see =net_util.c:42 net util c 42");
	words("ENC-23", "=enc-23 enc 23");
	words("Stand-up", "=stand-up =standup stand up");
	words("v2.14.3", "=v2.14.3 =v2 v 2 14 3");
	words("don't Apple's hosts'", "dont apple hosts");
	words("Größe CAFÉ Œuvre", "grosse cafe oeuvre");
	words("cafe\xcc\x81", "cafe");
	words("КЛЮЧИ Ёлка ΆΛΦΑ", "ключи елка αλφα");
	words("服务器", "服务 务器");
	words("a\xff" "b \xc3", "a b");
	words("", "");
	words("... -- ___ ??", "");
}

static void
stems(const char *word, const char *want)
{
	char w[64];
	size_t n = strlen(word);

	memcpy(w, word, n);
	w[stem_word(w, n)] = '\0';
	is_str(w, want, word);
}

static void
test_stems(void)
{
	static const char *const pairs[][2] = {
		{ "caresses", "caress" }, { "ponies", "poni" },
		{ "cats", "cat" }, { "agreed", "agre" },
		{ "plastered", "plaster" }, { "hopping", "hop" },
		{ "hoping", "hope" }, { "happy", "happi" },
		{ "relational", "relat" }, { "connection", "connect" },
		{ "connecting", "connect" }, { "adjustment", "adjust" },
		{ "controlling", "control" }, { "is", "is" }, { "x1s", "x1s" }
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		stems(pairs[i][0], pairs[i][1]);
}

static void
test_when(void)
{
	const int64_t now = INT64_C(1763683200000);	/* 2025-11-21 */
	struct when w;

	when_parse("what is the latest", now, &w);
	ok(w.newest && !w.former && !w.period, "latest");
	when_parse("what was it before August", now, &w);
	ok(w.former && w.period && w.to == INT64_C(1754006400000),
	    "before August: of this year");
	when_parse("in December", now, &w);
	ok(w.period && w.from == INT64_C(1733011200000),
	    "in December: the last one");
	when_parse("since 2025-06-01", now, &w);
	ok(w.period && w.from == INT64_C(1748736000000) &&
	    w.to == INT64_MAX, "since a day");
	when_parse("we used to", now, &w);
	ok(w.former, "used to");
	when_parse("may I", now, &w);
	ok(!w.period, "may is not May");
}

static void
test_dot(void)
{
	int8_t q[128], v[3 * 128];
	const char *name;
	dot_fn *fn;

	for (size_t i = 0; i < sizeof(q); i++)
		q[i] = (int8_t)((int)(i * 37 % 255) - 127);
	for (size_t i = 0; i < sizeof(v); i++)
		v[i] = (int8_t)((int)(i * 91 % 255) - 127);
	for (size_t k = 0; (fn = dot_kernel(k, &name)); k++) {
		int32_t got[3];
		bool same = true;
		fn(q, v, 128, 3, got);
		for (size_t r = 0; r < 3; r++) {
			int32_t want = 0;
			for (size_t i = 0; i < 128; i++)
				want += q[i] * v[r * 128 + i];
			same &= got[r] == want;
		}
		ok(same, "%s gives the plain sums", name);
	}
}

static void
secrets(const char *text, const char *want)
{
	AUTO_BUF struct buf out = BUF_INIT;

	secret_blank(text, strlen(text), &out);
	is_str(out.data, want, text);
}

static void
test_secrets(void)
{
	secrets("key sk-abcdefghij0123456789xyz.", "key [secret].");
	secrets("password: hunter2hunter2, ok", "password: [secret], ok");
	secrets("postgres://u:p4ss@db/x", "postgres://u:[secret]@db/x");
	secrets("-----BEGIN RSA PRIVATE KEY-----\nMII\n"
	    "-----END RSA PRIVATE KEY----- rest", "[secret] rest");
	secrets("the password is changed monthly",
	    "the password is changed monthly");
	secrets("password: $DB_PASSWORD1", "password: $DB_PASSWORD1");
	secrets("task-abcdefghij0123456789xyz",
	    "task-abcdefghij0123456789xyz");
	secrets("https://example.org:8080/a@b", "https://example.org:8080/a@b");
}

int
main(void)
{
	test_words();
	test_stems();
	test_when();
	test_dot();
	test_secrets();
	return done();
}
