/* A hostile recording: its lines answer a request, and are taken apart. */
#include "config.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include "alloc.h"
#include "recording.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
take_apart(const jv *line)
{
	struct http_field *fields = NULL;
	AUTO_BUF struct buf out = BUF_INIT;
	double at;

	(void)recording_fields(line, &fields);
	free(fields);
	(void)recording_status(line);
	(void)recording_delay(line);
	(void)recording_cut(line);
	for (size_t i = 0; recording_piece(line, i, &out, &at); i++)
		;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char said[] = "{\"messages\":[{\"role\":\"user\","
	    "\"content\":\"hi\"}]}";
	AUTO_FD int fd = memfd_create("recording", MFD_CLOEXEC);
	AUTO_FREE char *path = xasprintf("/proc/self/fd/%d", fd);
	struct err e = ERR_INIT;
	AUTO_JV jv body = JSON_NONE;
	struct recording_request rq = { "POST", "/v1/messages", &body, NULL };
	struct recording *r = NULL;
	const jv *line;

	if (fd < 0 || write(fd, data, len) != (ssize_t)len ||
	    json_parse(said, sizeof(said) - 1, &body, &e) < 0 ||
	    recording_read(path, &r, &e) < 0)
		return 0;
	for (size_t i = 0; (line = recording_line(r, i)); i++)
		take_apart(line);
	/* conditions are programs that others fuzz: filter.c */
	for (int mode = RECORDING_FIRST; mode <= RECORDING_LOOSE; mode++)
		if (!memmem(data, len, "when", 4))
			(void)recording_choose(r, &rq,
			    (enum recording_mode)mode, &e);
	recording_free(r);
	return 0;
}
