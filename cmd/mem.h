/* mem: what the files of agent-mem share; mem-NAME.c does what NAME says. */
#ifndef AGENT_MEM_H
#define AGENT_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "cli.h"
#include "err.h"
#include "memory-search.h"
#include "memory-set.h"
#include "memory.h"
#include "workspace.h"

enum mem_format { MEM_AUTO, MEM_TEXT, MEM_NDJSON, MEM_MARKDOWN };

struct mem_options {
	const char *dir, *agent, *file, *shared; /* which memory */
	enum mem_format format;
	bool all, exact, explain, files, chunk, secrets, remove;
	bool documents, notes, superseded, background, dry_run;
	int64_t limit;				/* -1: not given */
	int64_t context, version;
	int64_t keep;				/* -1: not given */
	const char **tags;
	size_t ntags;
	const char *author, *source, *path;
	const char *id, *time, *since, *until, *expires, *model, *embedder;
	const char *command;
	const char **supersedes;
	size_t nsupersedes;
	double importance;
	char **operand;
	size_t noperands;
};

extern const struct cli mem_cli;

/* What the command line says; ends the process when it is wrong. */
void	mem_options_read(struct mem_options *o, int argc, char **argv);

/* Opens the memory that the options name; MEMORY_... flags. */
int	mem_open(const struct mem_options *o, unsigned flags,
	    struct memory *ret, struct err *e);
/* The same with those that the agent shares, for searching or writing. */
int	mem_open_set(const struct mem_options *o, bool write,
	    struct memory_set *set, struct err *e);
/* The file of --shared; the caller frees.  ST_DENIED. */
char	*mem_shared_path(const struct mem_options *o, bool write, bool make,
	    struct err *e);
/* Which memories the agent shares: {NAME: "read" or "write"}. */
int	mem_rights(const struct mem_options *o, jv *ret, struct err *e);
/* The agent that asks, or NULL; and who writes. */
const char *mem_agent(const struct mem_options *o);
const char *mem_author(const struct mem_options *o);

/* Whether lines of JSON are wanted: asked for, or not for a terminal. */
bool	mem_ndjson(const struct mem_options *o);

/* A time of the command line: RFC 3339, or how long from now. */
int	mem_time(const char *s, const char *option, bool future, int64_t *ret,
	    struct err *e);

/* The filters among the options. */
int	mem_filter(const struct mem_options *o, struct memory_filter *ret,
	    struct err *e);

/* Operands joined by spaces, or standard input. */
int	mem_text(const struct mem_options *o, size_t from, size_t limit,
	    struct buf *out, struct err *e);

/* Writes a buffer's lines out when there are many, all of it at the end. */
int	mem_flush(struct buf *out, bool all, struct err *e);

/* The last line of NDJSON. */
int	mem_result(const char *command, int64_t count, struct err *e);

/* The same as an `error` record, as far as it can be written. */
void	mem_error(const struct err *e);

/* Synonym files, the caller's to free with each string; how many. */
size_t	mem_synonyms(const struct mem_options *o, char *ret[4]);

/* A command line, cut at spaces, for no shell; how many words. */
enum { MEM_WORDS = 32 };
size_t	mem_split(char *line, const char *argv[MEM_WORDS + 1]);

/* What an embedder says of some texts. */
struct mem_vectors {
	float *v;		/* of each, `dim` numbers */
	bool *has;		/* whether it has one */
	size_t dim;
	char *model;		/* NULL: none has */
	size_t refused;
	char *refusal;		/* why the first was */
};

void	mem_vectors_release(struct mem_vectors *v);
#define AUTO_VECTORS __attribute__((cleanup(mem_vectors_release)))

/* --embedder or what stands for it, NULL; asking it. */
const char *mem_embedder(const struct mem_options *o);
int	mem_ask_vectors(const struct mem_options *o, const char *const *texts,
	    size_t n, struct mem_vectors *ret, struct err *e);
/* For a query: nothing when there is no embedder, or it fails, which is
 * said. */
void	mem_embed_query(const struct mem_options *o, const char *text,
	    struct mem_vectors *ret);
/*
 * Gives notes that wait for it a vector by a process of its own, which goes
 * on after we have ended.  `model` is that of the embedder when it is known.
 * No memory may be open: SQLite does not survive a fork.
 */
void	mem_embed_later(const struct mem_options *o, const char *model);

/* Lines of notes from a descriptor. */
int	mem_add_lines(const struct mem_options *o, struct memory *m, int fd,
	    const char *command, struct err *e);
int	mem_add_files(const struct mem_options *o, struct memory *m,
	    struct err *e);
/* The end of a stream: indexed as its size deserves, and synced. */
int	mem_settle(struct memory *m, int64_t added, struct err *e);

int	mem_rm_document(const struct mem_options *o, struct err *e);

/* The commands: the exit status, or -1 with *e. */
typedef int mem_fn(const struct mem_options *o, struct err *e);

mem_fn mem_add, mem_search, mem_list, mem_show, mem_rm, mem_tag, mem_undo,
    mem_history, mem_export, mem_import, mem_set, mem_get, mem_del, mem_cas,
    mem_incr, mem_keys, mem_push, mem_pop, mem_items, mem_save, mem_load,
    mem_states, mem_edit, mem_embed_all,
    mem_consolidate, mem_forget, mem_stats, mem_check, mem_sync, mem_vacuum,
    mem_tool;

#endif
