/*
 * words-compile LIST BEARINGS: the compiled form of the list of words, for
 * agent-route(1), on stdout.  Runs while building.
 */
#include "config.h"

#include <unistd.h>

#include "alloc.h"
#include "fd.h"
#include "path.h"
#include "words.h"

enum { SOURCE_MAX = 16 << 20 };

static int
compile(const char *list, const char *bearings, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT;
	AUTO_BUF struct buf more = BUF_INIT;
	AUTO_BUF struct buf compiled = BUF_INIT;
	struct words *w;
	int r;

	if (path_read(list, SOURCE_MAX, &text, e) < 0 ||
	    path_read(bearings, SOURCE_MAX, &more, e) < 0)
		return -1;
	w = words_parse(list, text.data, text.len, e);
	if (!w)
		return -1;
	r = words_parse_bearings(w, bearings, more.data, more.len, e);
	if (r == 0)
		words_compile(w, &compiled);
	words_free(w);
	if (r < 0 || fd_write(STDOUT_FILENO, compiled.data,
	    compiled.len, e) < 0)
		return -1;
	return 0;
}

int
main(int argc, char **argv)
{
	struct err e = ERR_INIT;

	err_set_program("words-compile");
	if (argc != 3)
		err_set(&e, ST_USAGE, "usage: words-compile LIST BEARINGS");
	else if (compile(argv[1], argv[2], &e) == 0)
		return 0;
	return err_report(&e);
}
