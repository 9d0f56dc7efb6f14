/* agent: `agent NAME ...` runs `agent-NAME ...`; alone, it lists them. */
#include "config.h"

#include <errno.h>
#include <unistd.h>

#include "alloc.h"
#include "cli.h"
#include "commands.h"
#include "fd.h"
#include "path.h"
#include "term.h"

static const struct option longopts[] = {
	CLI_OPT_HELP,
	CLI_OPT_VERSION,
	{ 0 }
};

static const struct cli cli = {
	.name = "agent",
	.usage = "usage: agent [NAME [ARGUMENT ...]]\n"
	    "       agent help [NAME]\n",
	.shortopts = "+",
	.longopts = longopts,
};

/* Columns of names are as wide as the longest. */
static int
name_width(const struct commands *c)
{
	size_t width = 0;

	for (size_t i = 0; i < c->count; i++)
		if (strlen(c->list[i].name) > width)
			width = strlen(c->list[i].name);
	return (int)width;
}

static int
list(struct err *e)
{
	AUTO_COMMANDS struct commands c = COMMANDS_INIT;
	AUTO_BUF struct buf out = BUF_INIT;
	int width;

	if (commands_read(&c, e) < 0)
		return -1;
	width = name_width(&c);
	for (size_t i = 0; i < c.count; i++) {
		AUTO_BUF struct buf words = BUF_INIT;

		command_words(&c.list[i], &words);
		if (words.len == 0)
			buf_adds(&words, c.list[i].path);
		buf_addf(&out, "%-*s  ", width, c.list[i].name);
		/* a script of anybody's may have said it */
		term_clean(words.data, words.len, TERM_ONELINE, &out);
		buf_addc(&out, '\n');
	}
	return fd_write(STDOUT_FILENO, out.data, out.len, e);
}

/* Becomes the program; returns only on failure. */
static int
become(const char *path, char *const *argv, struct err *e)
{
	execv(path, argv);
	return err_sys(e, errno == ENOENT ? ST_NOTFOUND : ST_NOEXEC,
	    "cannot run '%s'", path);
}

static int
run(const char *name, char **argv, struct err *e)
{
	AUTO_FREE char *path = command_path(name, e);

	if (!path)
		return -1;
	/* a script sees its own name, as if it had been called directly */
	argv[0] = path;
	return become(path, argv, e);
}

/* Its page; without man(1) or a page its own usage is the best there is. */
static int
help(const char *name, struct err *e)
{
	AUTO_FREE char *page = command_page(name);
	AUTO_FREE char *path = command_path(name, e);
	char man[] = "man", dashes[] = "--", dash_help[] = "--help";
	char *argv[] = { man, dashes, page, NULL };
	char *usage[] = { path, dash_help, NULL };

	if (page)
		execvp(man, argv);
	if (path)
		return become(path, usage, e);
	return page ? err_sys(e, ST_NOTFOUND, "cannot run 'man'") : -1;
}

int
main(int argc, char **argv)
{
	struct err e = ERR_INIT;
	int r;

	cli_begin(&cli);
	while (cli_option(&cli, argc, argv) != -1)
		;
	argc -= optind;
	argv += optind;
	if (argc == 0 || (argc == 1 && strcmp(argv[0], "help") == 0))
		r = list(&e);
	else if (strcmp(argv[0], "help") == 0 && argc == 2)
		r = help(argv[1], &e);
	else if (strcmp(argv[0], "help") == 0)
		cli_usage(&cli, "help takes one name");
	else
		r = run(argv[0], argv, &e);
	return cli_end(r < 0 ? err_report(&e) : ST_OK);
}
