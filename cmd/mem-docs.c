/* mem-docs: brings files into the memory, and takes them out. */
#include "config.h"

#include "mem.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "alloc.h"
#include "fd.h"
#include "memory-doc.h"
#include "ndjson.h"
#include "path.h"

enum { DEPTH_MAX = 64 };

struct docs {
	const struct mem_options *o;
	struct memory *m;
	struct doc_options how;
	int64_t count[DOC_SKIPPED + 1];
	struct buf out;
	int status;
};

static const char *const names[] = {
	[DOC_UNCHANGED] = "unchanged", [DOC_ADDED] = "added",
	[DOC_CHANGED] = "changed", [DOC_GONE] = "gone",
	[DOC_SKIPPED] = "skipped"
};

static int
add_file(struct docs *d, const char *path, struct err *e)
{
	enum doc_result got;

	if (doc_add(d->m, path, &d->how, &got, e) < 0) {
		/* one file that cannot be read does not stop the others */
		if (e->status != ST_NOINPUT && e->status != ST_DENIED)
			return -1;
		d->status = err_report(e);
		return 0;
	}
	d->count[got]++;
	if (got == DOC_SKIPPED)
		err_warn("'%s' is not a text file, skipping it", path);
	if (got == DOC_UNCHANGED)
		return 0;
	if (d->o->format == MEM_NDJSON) {
		buf_adds(&d->out, "{\"path\":");
		json_quote(path, strlen(path), &d->out);
		buf_addf(&d->out, ",\"status\":\"%s\"}\n", names[got]);
	} else {
		buf_addf(&d->out, "%s %s\n", names[got], path);
	}
	return mem_flush(&d->out, true, e);
}

/* A directory with all below it, hidden ones apart; links are not followed. */
static int
add_tree(struct docs *d, const char *path, int depth, struct err *e)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int r = 0;

	if (!dir) {
		err_sys(e, ST_NOINPUT, "cannot open '%s'", path);
		d->status = err_report(e);
		return 0;
	}
	while (r == 0 && (entry = readdir(dir))) {
		AUTO_FREE char *sub = path_join(path, entry->d_name);
		struct stat sb;
		if (entry->d_name[0] == '.' || lstat(sub, &sb) < 0)
			continue;
		if (S_ISDIR(sb.st_mode) && depth < DEPTH_MAX)
			r = add_tree(d, sub, depth + 1, e);
		else if (S_ISREG(sb.st_mode))
			r = add_file(d, sub, e);
	}
	closedir(dir);
	return r;
}

/* Absolute, also when the file itself is not there any more. */
static char *
absolute(const char *path)
{
	struct err ignored = ERR_INIT;
	AUTO_FREE char *dir = path_dirname(path);
	char *real = path_real(path, &ignored);
	AUTO_FREE char *real_dir = NULL;

	if (real)
		return real;
	real_dir = path_real(*dir ? dir : ".", &ignored);
	return real_dir ? path_join(real_dir, path_basename(path)) :
	    xstrdup(path);
}

static int
add_path(struct docs *d, const char *path, struct err *e)
{
	AUTO_FREE char *full = absolute(path);

	return path_is_dir(full) ? add_tree(d, full, 0, e) :
	    add_file(d, full, e);
}

static int
add_listed(struct docs *d, struct err *e)
{
	struct ndjson_reader in;
	struct ndjson_line line = NDJSON_LINE_INIT;
	enum ndjson_result got;
	int r = 0;

	ndjson_init(&in, STDIN_FILENO, 65536);
	in.raw = true;
	while (r == 0 && ((got = ndjson_next(&in, &line, e)) == NDJSON_LINE ||
	    got == NDJSON_BAD)) {
		AUTO_FREE char *path = NULL;
		if (got == NDJSON_BAD) {
			d->status = err_report(e);
			continue;
		}
		path = xstrndup(line.text, line.len);
		if (*path)
			r = add_path(d, path, e);
	}
	if (r == 0 && got == NDJSON_FAIL)
		r = -1;
	ndjson_line_release(&line);
	ndjson_release(&in);
	return r;
}

static int
add_all(struct docs *d, struct err *e)
{
	int64_t gone;

	if (d->o->noperands == 0 && add_listed(d, e) < 0)
		return -1;
	for (size_t i = 0; i < d->o->noperands; i++)
		if (add_path(d, d->o->operand[i], e) < 0)
			return -1;
	gone = doc_sweep(d->m, d->o->remove, e);
	if (gone < 0)
		return -1;
	d->count[DOC_GONE] += gone;
	return mem_settle(d->m, d->count[DOC_ADDED] + d->count[DOC_CHANGED],
	    e);
}

static int
summary(struct docs *d, struct err *e)
{
	int64_t all = 0;

	for (int i = 0; i <= DOC_SKIPPED; i++)
		all += d->count[i];
	if (d->o->format == MEM_NDJSON)
		return mem_result("add", all, e);
	for (int i = 0; i <= DOC_SKIPPED; i++)
		if (d->count[i])
			buf_addf(&d->out, "%lld %s  ", (long long)d->count[i],
			    names[i]);
	if (d->out.len)
		buf_truncate(&d->out, d->out.len - 2);
	else
		buf_adds(&d->out, "no files");
	buf_addc(&d->out, '\n');
	return mem_flush(&d->out, true, e);
}

int
mem_add_files(const struct mem_options *o, struct memory *m, struct err *e)
{
	AUTO_JV jv tags = json_array();
	AUTO_FREE char *text = NULL;
	struct docs d = { .o = o, .m = m, .status = ST_OK };
	int r;

	for (size_t i = 0; i < o->ntags; i++)
		json_append(&tags, json_from_str(o->tags[i]));
	if (o->ntags)
		text = json_text(&tags);
	d.how = (struct doc_options){ .tags = text, .source = o->source,
		.whole = !o->chunk };
	m->bulk = true;
	r = store_set_sync(m->store, STORE_NORMAL, e);
	if (r == 0)
		r = add_all(&d, e);
	if (r == 0)
		r = summary(&d, e);
	buf_release(&d.out);
	if (m->blanked)
		err_warn("%zu secrets blanked; --allow-secrets keeps them",
		    m->blanked);
	return r < 0 ? -1 : d.status;
}

int
mem_rm_document(const struct mem_options *o, struct err *e)
{
	AUTO_MEMORY struct memory m = MEMORY_INIT;
	AUTO_FREE char *full = absolute(o->path);
	int64_t n;

	if (mem_open(o, MEMORY_NOCREATE, &m, e) < 0)
		return -1;
	n = doc_remove(&m, full, e);
	if (n == 0)
		return err_set(e, ST_NOINPUT, "no document '%s'", full);
	return n < 0 ? -1 : ST_OK;
}
