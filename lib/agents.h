/*
 * agents: agents.yaml, the agents of a project and who may talk to whom.
 *
 * Written by people, never by us; described in agents.yaml(5).  What is read
 * is the list of agents with `defaults` merged under each; the members are
 * those of the file.  A file may include others, and stand for a directory of
 * them: agents-read.c puts them together.
 */
#ifndef AGENT_AGENTS_H
#define AGENT_AGENTS_H

#include <stdbool.h>

#include "err.h"
#include "json.h"
#include "strs.h"
#include "yaml.h"

#define AGENTS_FILE "agents.yaml"

struct agents_file {
	struct yaml_doc doc;
	struct yaml_problems problems;
};

/* Where an agent is written. */
struct agents_place {
	size_t file;		/* of `files` */
	char *path;		/* "agents.2", in its document */
};

struct agents {
	char *name;		/* as the user knows it: a file, a directory */
	char *dir;		/* absolute; relative paths start here */
	jv list;		/* array of objects */
	struct agents_place *places;	/* of each of these */
	size_t nplaces, cplaces;
	struct agents_file *files;	/* all that were read */
	size_t nfiles, cfiles;
	struct strs sources;	/* real paths of files and directories */
};

#define AGENTS_INIT { .list = JSON_NONE, .sources = STRS_INIT }

void	agents_release(struct agents *a);
#define AUTO_AGENTS __attribute__((cleanup(agents_release)))

/*
 * Reads and checks a file, or all *.yaml of a directory, with what they
 * include.  ST_NOINPUT when it cannot be opened, ST_CONFIG with
 * "agents.yaml:12:7: reason" for the first thing that is wrong in it.
 */
int	agents_read(const char *path, struct agents *ret, struct err *e);

/* The same of a text that errors call `name`, whose paths start at `dir`. */
int	agents_parse(const char *name, const char *text, const char *dir,
	    struct agents *ret, struct err *e);

/*
 * As agents_read(), but what is wrong stays with the files (0 also then), and
 * what can be understood is in the list; -1 when there is nothing to look at.
 */
int	agents_read_all(const char *path, struct agents *ret, struct err *e);

/* Something that is wrong with the member `path` of the i-th agent. */
void	agents_problem(struct agents *a, size_t i, const char *path,
	    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* All that is wrong, a line each; nothing when all is well. */
void	agents_problems_text(struct agents *a, struct buf *out);

/* agents.yaml in `start` or the nearest directory above; NULL: none. */
char	*agents_file(const char *start);

/* The agent of that id; JSON_NONE when there is none. */
jv	agents_get(const struct agents *a, const char *id);

/* As agents_get(), with ST_NOINPUT and the ids that there are. */
int	agents_need(const struct agents *a, const char *id, jv *ret,
	    struct err *e);

/* A member that is a string or a list of strings, as a list; may be empty. */
jv	agents_strings(const jv *agent, const char *member);

/* Letters, digits, '.', '_' and '-', at most 64, not starting with '.'. */
bool	agents_valid_id(const char *id);

/*
 * Whether `from` may send to `to`: its direct_communication names it, or
 * "*".  The person ("user") is always reachable and may send to everybody.
 */
bool	agents_may_send(const struct agents *a, const char *from,
	    const char *to);

#endif
