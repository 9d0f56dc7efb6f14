/* think: reasoning between tags, cut at every place. */
#include "config.h"

#include "think.h"

#include "alloc.h"
#include "tap.h"

struct parts {
	struct buf text, reasoning;
};

static int
part(void *ctx, bool reasoning, const char *s, size_t len, struct err *e)
{
	struct parts *p = ctx;

	(void)e;
	buf_add(reasoning ? &p->reasoning : &p->text, s, len);
	return 0;
}

/* In pieces of every size, and cut in two at every place. */
static void
check(const char *in, const char *reasoning, const char *text)
{
	size_t len = strlen(in), bad = 0;

	for (size_t i = 1; i < 2 * len + 2; i++) {
		size_t piece = i <= len ? i : len + 1, at = i <= len ? 0 :
		    i - len - 1;
		struct parts p = { BUF_INIT, BUF_INIT };
		struct think t = THINK_INIT;
		struct err e = ERR_INIT;
		think_feed(&t, in, at, part, &p, &e);
		for (; at < len; at += piece)
			think_feed(&t, in + at, len - at < piece ? len - at :
			    piece, part, &p, &e);
		think_end(&t, part, &p, &e);
		bad += strcmp(p.text.data ? p.text.data : "", text) != 0;
		bad += strcmp(p.reasoning.data ? p.reasoning.data : "",
		    reasoning) != 0;
		think_release(&t);
		buf_release(&p.text);
		buf_release(&p.reasoning);
	}
	ok(bad == 0, "'%s'", in);
}

int
main(void)
{
	check("<think>hm</think>so", "hm", "so");
	check("\n <think>\nhm <b>\n</think>\n\nso\n", "\nhm <b>\n", "so\n");
	check("so <think>hm</think>", "", "so <think>hm</think>");
	check("<think>a</think>b<think>c</think>", "a", "b<think>c</think>");
	check("<think>a</thin</think>b</think>", "a</thin", "b</think>");
	check("<think></think>b", "", "b");
	check("<think>never ended </thi", "never ended </thi", "");
	check("<thin", "", "<thin");
	check("<thinking>a</thinking>", "", "<thinking>a</thinking>");
	check("  \n", "", "  \n");
	check("<<think>a", "", "<<think>a");
	check("plain", "", "plain");
	check("<think>\xc3\xa9</think>\xe2\x9c\x93", "\xc3\xa9",
	    "\xe2\x9c\x93");
	return done();
}
