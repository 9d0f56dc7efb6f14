/* match, words, fold, shape, effort: which agent, how much work. */
#include "config.h"

#include "match.h"

#include <fcntl.h>
#include <unistd.h>

#include "alloc.h"
#include "buf.h"
#include "effort.h"
#include "fd.h"
#include "fold.h"
#include "match-claims.h"
#include "path.h"
#include "shape.h"
#include "tap.h"

static const char list[] =
	"# a list\n"
	"cook:\n\tcook* kitchen recipe* 菜谱\n"
	"travel: act\n\ttravel* ticket_office reise*\n"
	"train: travel\n\ttrain railway* eisenbahn\n"
	"stop:\n\tthe a of\n";

static struct words *
parse(const char *text)
{
	struct err e = ERR_INIT;
	struct words *w = words_parse("list", text, strlen(text), &e);

	if (!w)
		diag("%s", e.text);
	return w;
}

struct seen {
	char text[512];
	const struct words *w;
};

static void
note(const struct words_token *t, void *arg)
{
	struct seen *s = arg;
	size_t n = strlen(s->text);

	for (size_t i = 0; i < t->nlinks; i++) {
		snprintf(s->text + n, sizeof(s->text) - n, "%s%s%s",
		    n ? " " : "", words_group(s->w, t->links[i].group),
		    t->links[i].weight < 1 ? "-" : "");
		n = strlen(s->text);
	}
}

static void
reads(struct words *w, const char *text, const char *want)
{
	struct seen s = { .w = w };

	words_read(w, text, strlen(text), note, &s);
	is_str(s.text, want, text);
}

static void
test_words(void)
{
	struct words *w = parse(list);

	reads(w, "COOKING", "cook");
	reads(w, "the recipes", "cook");
	reads(w, "Ticket-Office", "travel");
	reads(w, "ticket. office", "");
	reads(w, "trains", "train travel-");
	reads(w, "Winterreise", "travel-");
	reads(w, "我要菜谱", "cook");
	reads(w, "\xff\xfe cook\xc3", "cook");
	reads(w, "", "");
	ok(words_is_act(w, (size_t)words_find_group(w, "travel")),
	    "knows what is a kind of work");
	is_int(words_find_group(w, "nothing"), -1, "and what it has not");
	words_free(w);
}

static void
test_bad_list(void)
{
	struct err e = ERR_INIT;

	ok(!words_parse("l", "\tcook\n", 6, &e), "a word before any group");
	is_str(e.text, "l:1: a word of no group", "is told");
	ok(!words_parse("l", "\n\ncook\n", 7, &e), "a group without colon");
	is_str(e.text, "l:3: no ':' after a group's name", "is told");
	words_free(NULL);
}

static void
test_fold(void)
{
	char buf[64];
	struct fold_word p[8];

	is_int((int64_t)fold_split("Stra\xc3\x9f""e, C++!", 13, buf,
	    sizeof(buf), p, 8), 2, "two words");
	ok(p[0].len == 7 && memcmp(p[0].s, "strasse", 7) == 0, "folded");
	ok(p[1].len == 3 && memcmp(p[1].s, "c++", 3) == 0, "and c++");
	ok(fold_stem(1, "queries", 7) == fold_stem(1, "query", 5) &&
	    fold_stem(1, "stopped", 7) == fold_stem(1, "stopping", 8) &&
	    fold_stem(1, "page", 4) == fold_stem(1, "pages", 5),
	    "forms of a word are alike");
	ok(fold_is_pasted("+\treturn x;", 11) &&
	    !fold_is_pasted("please look at this one", 23), "pasted or said");
}

static void
first_shape(const struct shape *shape, void *arg)
{
	const char **first = arg;

	if (!*first)
		*first = shape->name;
}

static void
looks(const char *text, const char *want)
{
	const char *first = NULL;

	shape_find(text, strlen(text), first_shape, &first);
	is_str(first, want, want ? want : "no shape");
}

static void
test_shape(void)
{
	looks("see\n--- a/x\n+++ b/x\n", "diff");
	looks("Traceback (most recent call last):", "stack trace");
	looks("hm\n  SELECT 1", "SQL");
	looks("nothing of the kind", NULL);
	looks("", NULL);
}

static void
test_match(void)
{
	static const char *const duties[] = { "plan journeys" };
	static const char *const skills[] = { "kitchen" };
	static const struct match_agent agents[] = {
		{ .id = "guide", .description = "travel, tickets",
		  .responsibilities = duties, .nresponsibilities = 1 },
		{ .id = "chef", .capabilities = skills, .ncapabilities = 1 },
		{ .id = "nobody" },
	};
	struct words *w = parse(list);
	struct match *m = match_new(w, agents, 3);
	struct match_score s[3];
	struct match_why why;
	const char *odd = "zebra crossing";

	match_rank(m, "which railway goes there", 24, s, &why);
	is_int((int64_t)s[0].agent, 0, "by a group above the word's own");
	is_str(why.text[0], "travel", "and says why");
	match_rank(m, "a recipe", 8, s, NULL);
	is_int((int64_t)s[0].agent, 1, "by a capability");
	ok(s[0].share > 1.2 * s[1].share && s[1].score <= 0,
	    "with confidence");
	match_rank(m, odd, strlen(odd), s, NULL);
	ok(s[0].agent == 0 && s[0].score <= 0, "nothing known: the first");
	match_learn(m, 2, odd, strlen(odd), 1);
	match_rank(m, "the zebra", 9, s, NULL);
	is_int((int64_t)s[0].agent, 2, "learns from an example");
	match_free(m);
	m = match_new(w, NULL, 0);
	match_rank(m, "text", 4, s, &why);
	match_free(m);
	words_free(w);
}

/* A line of bearings: a word that points one way, or the other. */
static void
add_bearing(struct buf *b, const char *word, int heavy, int first)
{
	buf_addf(b, "\t%s 40 %d %d", word, heavy, first);
	for (size_t k = 1; k < WORDS_WAYS; k++)
		buf_adds(b, " 0");
	buf_addc(b, '\n');
}

static struct words *
list_with_bearings(void)
{
	struct err e = ERR_INIT;
	AUTO_BUF struct buf b = BUF_INIT;
	struct words *w = parse(list);

	buf_adds(&b, "# learned\nunit: 100000\nheavy: 100000000\nasked:\n");
	add_bearing(&b, "suitcase", 20, 100);
	add_bearing(&b, "onion", -20, -100);
	buf_adds(&b, "written:\n");
	add_bearing(&b, "tickets", 0, 50);
	buf_adds(&b, "groups:\n");
	add_bearing(&b, "cook", 0, -50);
	if (!ok(w && words_parse_bearings(w, "b", b.data, b.len, &e) == 0,
	    "bearings"))
		diag("%s", e.text);
	return w;
}

static void
points(struct words *w, const char *how)
{
	static const struct match_agent agents[] = {
		{ .id = "guide", .description = "tickets" },
		{ .id = "chef", .description = "kitchen" },
	};
	struct match *m = match_new(w, agents, 2);
	struct match_score s[2];
	struct match_why why;
	struct effort_words ew;
	struct effort large, small;

	diag("%s", how);
	match_rank(m, "the suitcases", 13, s, &why);
	is_int((int64_t)s[0].agent, 0, "by where a word of no group points");
	is_str(why.text[0], "suitcases", "which is told");
	match_rank(m, "onions", 6, s, NULL);
	is_int((int64_t)s[0].agent, 1, "the other way");
	effort_init(&ew, w);
	effort_estimate(&ew, "suitcase", 8, &large);
	effort_estimate(&ew, "onion", 5, &small);
	ok(large.heavy > small.heavy, "and how much work it speaks for");
	match_free(m);
}

static void
test_bearings(void)
{
	static const char *const bad[] = {
		"\tonion 1 1\n", "asked:\n\tonion 1\n", "unit: 0\n",
		"asked:\n\tonion 999\n", "written\n", "unit: x\n",
	};
	struct words *w = list_with_bearings();

	points(w, "as parsed");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct err e = ERR_INIT;
		ok(words_parse_bearings(w, "b", bad[i], strlen(bad[i]), &e) <
		    0 && strncmp(e.text, "b:", 2) == 0, "%s", e.text);
	}
	words_free(w);
}

/* Writes `len` bytes; whether they are taken for a compiled list. */
static struct words *
map(const char *data, size_t len)
{
	struct err e = ERR_INIT;
	AUTO_FD int fd = open("list.map", O_WRONLY | O_CREAT | O_TRUNC |
	    O_CLOEXEC, 0600);
	struct words *w = NULL;

	if (fd >= 0 && fd_write(fd, data, len, &e) == 0)
		w = words_map("list.map", &e);
	if (!w && e.status != ST_CONFIG)
		diag("%s", e.text);
	unlink("list.map");
	return w;
}

static void
test_map(void)
{
	AUTO_BUF struct buf b = BUF_INIT;
	struct err e = ERR_INIT;
	struct words *w = list_with_bearings();
	size_t taken = 0;

	words_compile(w, &b);
	words_free(w);
	w = map(b.data, b.len);
	if (ok(w, "a compiled list is mapped")) {
		reads(w, "the recipes and trains", "cook train travel-");
		points(w, "as mapped");
	}
	words_free(w);
	for (size_t n = 0; n < b.len; n = n < 200 ? n + 1 : n * 2) {
		w = map(b.data, n);
		taken += w != NULL;
		words_free(w);
	}
	is_int((int64_t)taken, 0, "never one that is cut short");
	/* whatever is in it, nothing beyond it is read */
	for (size_t i = 0; i < b.len; i += i < 200 ? 1 : 997) {
		b.data[i] = (char)~b.data[i];
		w = map(b.data, b.len);
		if (w) {
			struct seen s = { .w = w };
			words_read(w, "recipes trains 菜谱", 21, note, &s);
		}
		words_free(w);
		b.data[i] = (char)~b.data[i];
	}
	ok(!words_map("nowhere.map", &e), "a list that is not there");
	is_int((int64_t)e.status, ST_NOINPUT, "is no input");
	ok(!words_map("/dev/null", &e), "nor is it a device");
}

static void
test_effort(void)
{
	struct err e = ERR_INIT;
	AUTO_BUF struct buf text = BUF_INIT;
	const char *path = "templates/words";	/* in the source tree */
	struct words *w = NULL;
	struct effort_words ew;
	struct effort small, large;
	const char *a = "what does this button do?", *b = "migrate all 40 "
	    "services, their tests and their documentation, in phases";

	if (ok(path_read(path, 1 << 20, &text, &e) == 0,
	    "the list that is installed"))
		w = words_parse(path, text.data, text.len, &e);
	ok(w, "is one");
	if (!w)
		return;
	effort_init(&ew, w);
	effort_estimate(&ew, a, strlen(a), &small);
	effort_estimate(&ew, b, strlen(b), &large);
	ok(small.heavy < 0.5 && large.heavy > 0.5, "light and heavy");
	ok(small.minutes < large.minutes && small.tokens < large.tokens,
	    "with estimates");
	/* the length of a text says nothing, what it asks for does */
	a = "All twelve teams moved to the new building over the weekend, "
	    "with every server, desk and plant, and it went well, thank you "
	    "all. The door code is the old one. Is it 4411 or 1144?";
	b = "port the scheduler to rust";
	effort_estimate(&ew, a, strlen(a), &small);
	effort_estimate(&ew, b, strlen(b), &large);
	ok(small.heavy < large.heavy, "not the story around the question");
	effort_estimate(&ew, "", 0, &small);
	ok(small.heavy < 0.5, "nothing is light");
	words_free(w);
}

static void
gather(const char *part, size_t len, bool refused, void *arg)
{
	buf_addf(arg, "%s[%.*s]", refused ? "-" : "", (int)len, part);
}

static void
claims(const char *text, const char *want)
{
	AUTO_BUF struct buf parts = BUF_INIT;

	buf_adds(&parts, "");
	match_claims(text, gather, &parts);
	is_str(parts.data, want, text);
}

/* Who a task is for, where the first of two says what they are not for. */
static void
test_refused(void)
{
	static const struct match_agent agents[] = {
		{ .id = "chef", .description = "kitchen. Not for trains." },
		{ .id = "guide", .description = "recipes" },
	};
	struct words *w = parse(list);
	struct match *m = match_new(w, agents, 2);
	struct match_score s[2];

	match_rank(m, "the railway", 11, s, NULL);
	is_int((int64_t)s[0].agent, 1, "what is refused is for others");
	match_free(m);
	words_free(w);
}

/* What somebody is not for does not count as what they do. */
static void
test_claims(void)
{
	claims("", "");
	claims("Builds pages, forms (and such).",
	    "[Builds pages, forms (and such).]");
	claims("Builds pages, Not for databases, servers. Fast",
	    "[Builds pages, ]-[Not for databases, servers][. Fast]");
	claims("not for print", "-[not for print]");
	claims("says what is not for sale, nothing more",
	    "[says what is not for sale, nothing more]");
	claims("Seiten; nicht für Datenbanken",
	    "[Seiten; ]-[nicht für Datenbanken]");
}

int
main(void)
{
	test_words();
	test_bad_list();
	test_fold();
	test_shape();
	test_match();
	test_claims();
	test_refused();
	test_bearings();
	test_map();
	test_effort();
	return done();
}
