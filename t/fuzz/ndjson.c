/*
 * fuzz: lines, and a member spliced into each: the result is the same object
 * with that member, and a reader sees every line once.
 */
#include "config.h"

#include <stdint.h>
#include <sys/mman.h>

#include "alloc.h"
#include "fd.h"
#include "ndjson.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_splice(const struct ndjson_line *line)
{
	AUTO_BUF struct buf out = BUF_INIT;
	AUTO_JV jv got = JSON_NONE, want = json_copy(&line->value);
	struct err e = ERR_INIT;

	ndjson_splice(line->text, line->len, "to", "[1]", &out);
	if (json_parse(out.data, out.len, &got, &e) < 0)
		abort();
	AUTO_JV jv one = json_array();
	json_append(&one, json_from_int(1));
	json_set(&want, "to", json_copy(&one));
	if (!json_equal(&got, &want))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FD int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct ndjson_reader r;
	struct ndjson_line line = NDJSON_LINE_INIT;
	struct err e = ERR_INIT;
	enum ndjson_result got;
	unsigned long lines = size > 0 && data[size - 1] != '\n';

	if (fd < 0 || fd_write(fd, data, size, &e) < 0 ||
	    lseek(fd, 0, SEEK_SET) < 0)
		return 0;
	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	ndjson_init(&r, fd, 200);
	while ((got = ndjson_next(&r, &line, &e)) != NDJSON_EOF) {
		if (got == NDJSON_LINE)
			check_splice(&line);
		else if (got != NDJSON_BAD)
			abort();
	}
	if (r.number != lines)
		abort();
	ndjson_line_release(&line);
	ndjson_release(&r);
	return 0;
}
