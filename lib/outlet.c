/* outlet: where the records of a command go. */
#include "config.h"

#include "outlet.h"

#include <errno.h>
#include <signal.h>

#include "alloc.h"
#include "path.h"
#include "record.h"

enum { CLOSE_SECONDS = 10 };

int
outlet_open(bool people, struct outlet *ret, struct err *e)
{
	AUTO_FREE char *watch = NULL;
	struct child_spec spec = CHILD_SPEC_INIT;

	signal(SIGPIPE, SIG_IGN);
	*ret = (struct outlet)OUTLET_INIT;
	ret->fd = STDOUT_FILENO;
	if (!people)
		return 0;
	watch = path_program("agent-watch", e);
	if (!watch)
		return -1;
	const char *argv[] = { watch, "-", NULL };
	spec.argv = argv;
	spec.in = CHILD_PIPE;
	spec.same_group = true;		/* or it could not write to the tty */
	spec.outlive = true;		/* it ends when its input does */
	if (child_start(&spec, &ret->watch, e) < 0)
		return -1;
	ret->fd = ret->watch.in;
	return 0;
}

int
outlet_record(void *context, const jv *record, struct err *e)
{
	struct outlet *o = context;

	if (o->gone || record_emit(o->fd, record, e) == 0)
		return 0;
	if (errno != EPIPE)
		return -1;
	o->gone = true;
	return err_set(e, ST_SIGNAL + SIGPIPE, "nobody reads on");
}

void
outlet_close(struct outlet *o)
{
	struct err ignored;
	int status;

	child_close(&o->watch);
	if (o->watch.pid > 0)
		(void)child_wait(&o->watch, deadline_in(CLOSE_SECONDS *
		    CLOCK_SEC), NULL, &status, &ignored);
}
