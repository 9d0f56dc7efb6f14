/* commands: what `agent NAME` can run. */
#include "config.h"

#include "commands.h"

#include <dirent.h>
#include <sys/stat.h>

#include "alloc.h"
#include "env.h"
#include "path.h"
#include "suggest.h"

#define PREFIX "agent-"
#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

enum { PREFIX_LEN = sizeof(PREFIX) - 1, PAGE_MAX = 1 << 20, HEAD_MAX = 2048 };

void
commands_release(struct commands *c)
{
	for (size_t i = 0; i < c->count; i++) {
		free(c->list[i].name);
		free(c->list[i].path);
	}
	free(c->list);
	*c = (struct commands)COMMANDS_INIT;
}

/* Lower-case letters, digits and hyphens: no backups, no objects. */
static bool
is_name(const char *name)
{
	return *name && *name != '-' &&
	    !name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")];
}

static bool
is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	    access(path, X_OK) == 0;
}

static bool
has_name(const struct commands *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->list[i].name, name) == 0)
			return true;
	return false;
}

/*
 * In the build tree programs of libexec lie beside the commands; a list tells
 * them apart.  Its text, or nothing where there is no such list.
 */
static void
read_build_list(const char *dir, struct buf *out)
{
	AUTO_FREE char *path = path_join(dir, ".commands");
	struct err ignored;

	buf_addc(out, '\n');
	if (path_read(path, PAGE_MAX, out, &ignored) < 0)
		buf_reset(out);
}

static bool
is_helper(const struct buf *list, const char *file)
{
	AUTO_FREE char *line = xasprintf("\n%s\n", file);

	return list->len > 0 && !strstr(list->data, line);
}

/* Those in one directory, but for names that came before. */
static void
read_dir(const char *dir, struct commands *c)
{
	AUTO_BUF struct buf list = BUF_INIT;
	DIR *d = dir[0] == '/' ? opendir(dir) : NULL;
	const struct dirent *entry;

	read_build_list(dir, &list);
	while (d && (entry = readdir(d))) {
		const char *name = entry->d_name + PREFIX_LEN;
		AUTO_FREE char *path = NULL;

		if (strncmp(entry->d_name, PREFIX, PREFIX_LEN) != 0 ||
		    !is_name(name) || has_name(c, name) ||
		    is_helper(&list, entry->d_name))
			continue;
		path = path_join(dir, entry->d_name);
		if (!is_program(path))
			continue;
		GROW(c->list, c->count, c->cap);
		c->list[c->count++] = (struct command){ xstrdup(name),
		    STEAL(path) };
	}
	if (d)
		closedir(d);
}

/* The next directory of PATH, the caller's to free; NULL after the last. */
static char *
next_dir(const char **path)
{
	size_t len;
	char *dir;

	if (!*path)
		return NULL;
	len = strcspn(*path, ":");
	dir = xstrndup(*path, len);
	*path = (*path)[len] ? *path + len + 1 : NULL;
	return dir;
}

static int
by_name(const void *a, const void *b)
{
	const struct command *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static const char *
search_path(void)
{
	const char *path = env_get("PATH");

	return path ? path : DEFAULT_PATH;
}

int
commands_read(struct commands *ret, struct err *e)
{
	AUTO_FREE char *own = path_own_dir(e);
	const char *path = search_path();
	char *dir;

	if (!own)
		return -1;
	read_dir(own, ret);
	while ((dir = next_dir(&path))) {
		read_dir(dir, ret);
		free(dir);
	}
	if (ret->count > 0)
		qsort(ret->list, ret->count, sizeof(*ret->list), by_name);
	return 0;
}

/* agent-NAME in a directory, if it is a program. */
static char *
in_dir(const char *dir, const char *name)
{
	AUTO_FREE char *path = xasprintf("%s/" PREFIX "%s", dir, name);

	return dir[0] == '/' && is_program(path) ? STEAL(path) : NULL;
}

static int
not_found(const char *name, struct err *e)
{
	AUTO_COMMANDS struct commands c = COMMANDS_INIT;
	AUTO_FREE const char **names = NULL;
	char hint[SUGGEST_TEXT_MAX];

	if (commands_read(&c, e) < 0)
		return -1;
	names = xreallocarray(NULL, c.count + 2, sizeof(*names));
	for (size_t i = 0; i < c.count; i++)
		names[i] = c.list[i].name;
	names[c.count] = "help";
	names[c.count + 1] = NULL;
	suggest_text(name, names, hint);
	return err_set(e, ST_NOTFOUND, "there is no command '%.60s'%s", name,
	    hint);
}

char *
command_path(const char *name, struct err *e)
{
	AUTO_FREE char *own = path_own_dir(e);
	const char *path = search_path();
	char *dir, *found;

	if (!own)
		return NULL;
	found = is_name(name) ? in_dir(own, name) : NULL;
	while (!found && is_name(name) && (dir = next_dir(&path))) {
		found = in_dir(dir, name);
		free(dir);
	}
	if (!found)
		not_found(name, e);
	return found;
}

/* A page in one section; NULL when it is not there. */
static char *
page_in(int section, const char *page)
{
	AUTO_FREE char *ours = xasprintf("man/%s.%d", page, section);
	AUTO_FREE char *path = xasprintf(MANDIR "/man%d/%s.%d", section,
	    page, section);
	AUTO_FREE char *zipped = xasprintf("%s.gz", path);
	struct err ignored;
	char *found = path_data(ours, &ignored);

	if (found)
		return found;
	return path_exists(path) ? STEAL(path) :
	    path_exists(zipped) ? STEAL(zipped) : NULL;
}

char *
command_page(const char *name)
{
	AUTO_FREE char *page = xasprintf("%s%s",
	    strncmp(name, "agent", 5) == 0 ? "" : PREFIX, name);
	char *path = NULL;

	for (int n = 1; n < 9 && !path && !strchr(name, '/'); n++)
		path = page_in(n, page);
	return path;
}

/* The rest of the line that begins with `start`, appended: true if found. */
static bool
add_rest(const char *text, const char *start, struct buf *out)
{
	size_t len = strlen(start);

	for (const char *s = text; s; s = strchr(s, '\n')) {
		s += *s == '\n';
		if (strncmp(s, start, len) != 0)
			continue;
		buf_add(out, s + len, strcspn(s + len, "\n"));
		return true;
	}
	return false;
}

static bool
words_of_page(const struct command *c, struct buf *out)
{
	AUTO_FREE char *ours = command_page(c->name);
	AUTO_FREE char *dir = path_dirname(c->path);
	AUTO_FREE char *beside = xasprintf("%s/../share/man/man1/" PREFIX
	    "%s.1", dir, c->name);
	const char *names[] = { beside, ours };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		AUTO_BUF struct buf text = BUF_INIT;
		struct err ignored;

		if (names[i] &&
		    path_read(names[i], PAGE_MAX, &text, &ignored) == 0 &&
		    add_rest(text.data, ".Nd ", out))
			return true;
	}
	return false;
}

void
command_words(const struct command *c, struct buf *out)
{
	AUTO_FREE char *start = xasprintf("# " PREFIX "%s: ", c->name);
	char head[HEAD_MAX + 1];
	AUTO_FILE FILE *f = NULL;
	size_t n;

	if (words_of_page(c, out))
		return;
	f = fopen(c->path, "re");
	n = f ? fread(head, 1, HEAD_MAX, f) : 0;
	head[n] = '\0';
	if (n > 2 && memcmp(head, "#!", 2) == 0)
		add_rest(head, start, out);
}
