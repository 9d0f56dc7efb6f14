/* cli: a signal that comes before a wait ends the wait. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "../../cmd/cli.h"
#include "alloc.h"
#include "tap.h"

/* What looks at cli_signal and then waits may be interrupted in between. */
static void
test_signal_before_wait(void)
{
	int r;

	cli_catch_signals();
	ok(cli_signal == 0, "no signal has come");
	raise(SIGTERM);
	ok(cli_signal == SIGTERM, "one has");
	errno = 0;
	r = poll(NULL, 0, -1);
	ok(r < 0 && errno == EINTR, "a wait that begins after it ends");
}

int
main(void)
{
	/* a wait that does not end fails the test, by this signal */
	alarm(60);
	test_signal_before_wait();
	return done();
}
