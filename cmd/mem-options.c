/* mem-options: the command line of agent-mem. */
#include "config.h"

#include "mem.h"

#include "alloc.h"
#include "num.h"

enum {
	OPT_ALL = 256, OPT_ALLOW_SECRETS, OPT_AUTHOR, OPT_BACKGROUND,
	OPT_CHUNK, OPT_COMMAND, OPT_CONTEXT, OPT_DOCUMENTS, OPT_DRY_RUN,
	OPT_EMBEDDER, OPT_EXACT, OPT_EXPIRES, OPT_EXPLAIN, OPT_FILES,
	OPT_FORMAT, OPT_ID, OPT_IMPORTANCE, OPT_KEEP, OPT_NOTES, OPT_PATH,
	OPT_REMOVE, OPT_REVISION, OPT_SINCE, OPT_SOURCE, OPT_SUPERSEDED,
	OPT_SUPERSEDES, OPT_TIME, OPT_UNTIL
};

static const struct option longopts[] = {
	{ "agent", required_argument, NULL, 'a' },
	{ "all", no_argument, NULL, OPT_ALL },
	{ "allow-secrets", no_argument, NULL, OPT_ALLOW_SECRETS },
	{ "author", required_argument, NULL, OPT_AUTHOR },
	{ "background", no_argument, NULL, OPT_BACKGROUND },
	{ "chunk", no_argument, NULL, OPT_CHUNK },
	{ "command", required_argument, NULL, OPT_COMMAND },
	{ "context", required_argument, NULL, OPT_CONTEXT },
	{ "directory", required_argument, NULL, 'C' },
	{ "documents", no_argument, NULL, OPT_DOCUMENTS },
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "embedder", required_argument, NULL, OPT_EMBEDDER },
	{ "exact", no_argument, NULL, OPT_EXACT },
	{ "expires", required_argument, NULL, OPT_EXPIRES },
	{ "explain", no_argument, NULL, OPT_EXPLAIN },
	{ "file", required_argument, NULL, 'f' },
	{ "files", no_argument, NULL, OPT_FILES },
	{ "format", required_argument, NULL, OPT_FORMAT },
	CLI_OPT_HELP,
	{ "id", required_argument, NULL, OPT_ID },
	{ "importance", required_argument, NULL, OPT_IMPORTANCE },
	{ "keep", required_argument, NULL, OPT_KEEP },
	{ "limit", required_argument, NULL, 'n' },
	{ "model", required_argument, NULL, 'm' },
	{ "notes", no_argument, NULL, OPT_NOTES },
	{ "path", required_argument, NULL, OPT_PATH },
	{ "remove", no_argument, NULL, OPT_REMOVE },
	{ "revision", required_argument, NULL, OPT_REVISION },
	{ "shared", required_argument, NULL, 's' },
	{ "since", required_argument, NULL, OPT_SINCE },
	{ "source", required_argument, NULL, OPT_SOURCE },
	{ "superseded", no_argument, NULL, OPT_SUPERSEDED },
	{ "supersedes", required_argument, NULL, OPT_SUPERSEDES },
	{ "tag", required_argument, NULL, 't' },
	{ "time", required_argument, NULL, OPT_TIME },
	{ "until", required_argument, NULL, OPT_UNTIL },
	CLI_OPT_VERSION,
	{ 0 }
};

const struct cli mem_cli = {
	.name = "agent-mem",
	.usage =
	    "usage: agent-mem [-C DIR] [-a ID] [-s NAME | -f FILE] COMMAND "
	    "[ARGUMENT ...]\n"
	    "       agent-mem add [-t TAG] [--id ID] [--supersedes ID]\n"
	    "                 [--importance NUMBER] [--time TIME] "
	    "[--expires TIME]\n"
	    "                 [--source TEXT] [--author NAME] "
	    "[--allow-secrets]\n"
	    "                 [--format FORMAT] [TEXT ...]\n"
	    "       agent-mem add --files [--chunk] [--remove] [-t TAG] "
	    "[PATH ...]\n"
	    "       agent-mem search [-n COUNT] [-t TAG] [--since TIME] "
	    "[--until TIME]\n"
	    "                 [--source TEXT] [--author NAME] [--path "
	    "PATH]\n"
	    "                 [--documents | --notes] [--all] [--exact] "
	    "[--explain]\n"
	    "                 [--context TOKENS] [--embedder COMMAND] "
	    "[--format FORMAT]\n"
	    "                 [QUERY ...]\n"
	    "       agent-mem list [-n COUNT] [-t TAG] [--superseded] "
	    "[--format FORMAT]\n"
	    "       agent-mem show ID ...\n"
	    "       agent-mem rm ID ... | --path PATH\n"
	    "       agent-mem tag ID TAG ...\n"
	    "       agent-mem edit [ID]\n"
	    "       agent-mem undo [CHANGE]\n"
	    "       agent-mem history [-n COUNT]\n"
	    "       agent-mem sync [--author NAME] FILE\n"
	    "       agent-mem export [--format FORMAT]\n"
	    "       agent-mem import [--format FORMAT] [FILE]\n"
	    "       agent-mem get KEY\n"
	    "       agent-mem set [--expires TIME] KEY [VALUE]\n"
	    "       agent-mem cas [--expires TIME] KEY OLD NEW\n"
	    "       agent-mem incr KEY [NUMBER]\n"
	    "       agent-mem del KEY ...\n"
	    "       agent-mem keys [PREFIX]\n"
	    "       agent-mem push KEY [VALUE]\n"
	    "       agent-mem pop [--all] KEY\n"
	    "       agent-mem items KEY\n"
	    "       agent-mem save [--keep COUNT] NAME\n"
	    "       agent-mem load [--revision NUMBER] NAME\n"
	    "       agent-mem states [PREFIX]\n"
	    "       agent-mem tool [NAME [ARGUMENTS]]\n"
	    "       agent-mem embed [-m NAME] [--embedder COMMAND] "
	    "[--background]\n"
	    "       agent-mem consolidate [-m MODEL | --command COMMAND] "
	    "[--all]\n"
	    "                 [--dry-run]\n"
	    "       agent-mem forget [-t TAG] [--until TIME] [--keep COUNT] "
	    "[--dry-run]\n"
	    "       agent-mem stats\n"
	    "       agent-mem check\n"
	    "       agent-mem vacuum [--until TIME]\n",
	.shortopts = "C:a:f:m:n:s:t:",
	.longopts = longopts,
};

static enum mem_format
read_format(const char *s)
{
	if (strcmp(s, "text") == 0)
		return MEM_TEXT;
	if (strcmp(s, "ndjson") == 0)
		return MEM_NDJSON;
	if (strcmp(s, "markdown") == 0 || strcmp(s, "md") == 0)
		return MEM_MARKDOWN;
	cli_usage(&mem_cli, "--format takes text, ndjson or markdown, "
	    "not '%s'", s);
}

static double
read_importance(const char *s)
{
	double d;

	if (num_parse_double(s, &d) < 0 || d < 0 || d > 1)
		cli_usage(&mem_cli, "--importance takes a number from 0 to 1, "
		    "not '%s'", s);
	return d;
}

static void
append(const char ***list, size_t *n, const char *s)
{
	*list = xreallocarray(*list, *n + 1, sizeof(**list));
	(*list)[(*n)++] = s;
}

/* Options that take a string or nothing: most of them. */
static bool
plain_option(struct mem_options *o, int c)
{
	switch (c) {
	case 'C': o->dir = optarg; break;
	case 'a': o->agent = optarg; break;
	case 'f': o->file = optarg; break;
	case 'm': o->model = optarg; break;
	case 's': o->shared = optarg; break;
	case 't': append(&o->tags, &o->ntags, optarg); break;
	case OPT_ALL: o->all = true; break;
	case OPT_ALLOW_SECRETS: o->secrets = true; break;
	case OPT_AUTHOR: o->author = optarg; break;
	case OPT_BACKGROUND: o->background = true; break;
	case OPT_CHUNK: o->chunk = true; break;
	case OPT_COMMAND: o->command = optarg; break;
	case OPT_DRY_RUN: o->dry_run = true; break;
	case OPT_DOCUMENTS: o->documents = true; break;
	case OPT_EMBEDDER: o->embedder = optarg; break;
	case OPT_EXACT: o->exact = true; break;
	case OPT_EXPIRES: o->expires = optarg; break;
	case OPT_EXPLAIN: o->explain = true; break;
	case OPT_FILES: o->files = true; break;
	case OPT_ID: o->id = optarg; break;
	case OPT_NOTES: o->notes = true; break;
	case OPT_PATH: o->path = optarg; break;
	case OPT_REMOVE: o->remove = true; break;
	case OPT_SINCE: o->since = optarg; break;
	case OPT_SOURCE: o->source = optarg; break;
	case OPT_SUPERSEDED: o->superseded = true; break;
	case OPT_SUPERSEDES:
		append(&o->supersedes, &o->nsupersedes, optarg);
		break;
	case OPT_TIME: o->time = optarg; break;
	case OPT_UNTIL: o->until = optarg; break;
	default: return false;
	}
	return true;
}

void
mem_options_read(struct mem_options *o, int argc, char **argv)
{
	int c;

	while ((c = cli_option(&mem_cli, argc, argv)) != -1) {
		if (plain_option(o, c))
			continue;
		switch (c) {
		case 'n':
			o->limit = cli_int(&mem_cli, "-n", 1, 1000000);
			break;
		case OPT_CONTEXT:
			o->context = cli_int(&mem_cli, "--context", 1,
			    INT32_MAX);
			break;
		case OPT_FORMAT:
			o->format = read_format(optarg);
			break;
		case OPT_IMPORTANCE:
			o->importance = read_importance(optarg);
			break;
		case OPT_KEEP:
			o->keep = cli_int(&mem_cli, "--keep", 0, 1000000);
			break;
		case OPT_REVISION:
			o->version = cli_int(&mem_cli, "--revision", 1,
			    INT32_MAX);
			break;
		}
	}
}
