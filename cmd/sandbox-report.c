/* sandbox-report: descriptors that the options of agent-sandbox name. */
#include "config.h"

#include "sandboxcmd.h"

#include <errno.h>
#include <fcntl.h>

#include "alloc.h"
#include "fd.h"
#include "num.h"

/*
 * What is written is up to the command in parts, and so may be the directory:
 * a link that it left there would have us write to a file of its choice.
 */
static int
open_file(const char *where)
{
	bool ours = strncmp(where, "/dev/", 5) == 0 ||
	    strncmp(where, "/proc/", 6) == 0;

	return open(where, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC |
	    (ours ? 0 : O_NOFOLLOW), 0600);
}

int
sandbox_open_report(const char *where)
{
	struct err e = ERR_INIT;
	int64_t number;
	int fd;

	if (num_parse_int(where, 0, 1 << 20, &number) == 0) {
		fd = (int)number;
		if (fcntl(fd, F_GETFD) < 0)
			err_sys(&e, ST_WRAPPER,
			    "cannot report to descriptor %s", where);
	} else {
		fd = open_file(where);
		if (fd < 0 && errno == ELOOP)
			err_set(&e, ST_WRAPPER, "'%s' is a link: nothing is "
			    "reported through one", where);
		else if (fd < 0)
			err_sys(&e, ST_WRAPPER, "cannot open '%s'", where);
	}
	if (e.text[0])
		exit(err_report(&e));
	return fd;
}

int
sandbox_take_meter(const char *number)
{
	struct err e = ERR_INIT;
	int64_t fd;

	if (num_parse_int(number, 3, 1 << 20, &fd) < 0)
		cli_usage(&sandbox_cli, "--meter takes a descriptor from 3 "
		    "up, not '%s'", number);
	if (fd_set_cloexec((int)fd, true, &e) < 0) {
		err_set(&e, ST_WRAPPER, "--meter: %s is no descriptor",
		    number);
		exit(err_report(&e));
	}
	return (int)fd;
}
