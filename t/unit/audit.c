/* audit: what was changed, removed, added or moved is found. */
#include "config.h"

#include "audit.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#include "alloc.h"
#include "path.h"
#include "tap.h"

static char file[] = "/tmp/agent-audit.XXXXXX";

static void
put(const char *text)
{
	struct err e = ERR_INIT;

	if (path_write_atomic(file, text, strlen(text), 0600, &e) < 0)
		diag("%s", e.text);
}

static char *
get(void)
{
	struct buf b = BUF_INIT;
	struct err e = ERR_INIT;

	if (path_read(file, 1 << 20, &b, &e) < 0)
		diag("%s", e.text);
	return buf_steal(&b);
}

static int
add(int i)
{
	struct err e = ERR_INIT;
	jv data = json_object();

	json_set_int(&data, "i", i);
	return audit_add(file, "test", "/user/me", data, &e);
}

static int
verify(struct audit_state *st)
{
	struct err e = ERR_INIT;
	int r = audit_verify(file, st, &e);

	if (r <= 0)
		diag("%s", e.text);
	return r;
}

static void
test_chain(void)
{
	struct audit_state st;
	AUTO_FREE char *text = NULL;

	put("");
	for (int i = 0; i < 3; i++)
		is_int(add(i), 0, "adds");
	is_int(verify(&st), 1, "is in order");
	is_int(st.lines, 3, "three lines");

	free(text);
	text = get();
	AUTO_FREE char *bad = xstrdup(text);
	strstr(bad, "\"i\":0")[4] = '7';
	put(bad);
	is_int(verify(&st), 0, "a changed line is found");
	put(strchr(text, '\n') + 1);
	is_int(verify(&st), 0, "a missing first line is found");
	free(bad);
	bad = xasprintf("\n%s", text);
	put(bad);
	is_int(verify(&st), 0, "a blank line is found");
	put(text);
	is_int(verify(&st), 1, "the original is in order");

	free(bad);
	bad = xasprintf("%s{\"n\":4,\"prev", text);
	put(bad);
	is_int(verify(&st), 0, "a torn tail is found");
	is_int(add(4), 0, "the next writer mends it");
	is_int(verify(&st), 1, "and all is in order");
	is_int(st.lines, 4, "four lines");
}

/* What only the head knows of. */
static void
test_head(void)
{
	AUTO_FREE char *name = xasprintf("%s.head", file);
	struct audit_state st;
	AUTO_FREE char *text = get();
	AUTO_FREE char *bad = xstrdup(text);
	AUTO_BUF struct buf head = BUF_INIT, now = BUF_INIT;
	struct err e = ERR_INIT;

	is_int(path_read(name, 1000, &head, &e), 0, "there is a head");
	strstr(bad, "\"i\":4")[4] = '7';
	put(bad);
	is_int(verify(&st), 0, "a change of the last line is found");
	strrchr(bad, '{')[0] = '\0';
	put(bad);
	is_int(verify(&st), 0, "a last line that is missing is found");
	is_int(add(5), 0, "one more can be added");
	is_int(verify(&st), 0, "which does not cover it up");
	put("");
	is_int(verify(&st), 0, "an empty trail is found");
	unlink(file);
	is_int(verify(&st), 0, "one that was removed is found");

	put(text);
	path_write_atomic(name, head.data, head.len, 0600, &e);
	is_int(verify(&st), 1, "the original is in order");
	is_int(add(5), 0, "a line is added");
	path_read(name, 1000, &now, &e);
	path_write_atomic(name, head.data, head.len, 0600, &e);
	is_int(verify(&st), 1, "a head that was not written yet does no harm");
	is_int(add(6), 0, "and the next line is added");
	is_int(verify(&st), 1, "in order");
	unlink(name);
	is_int(verify(&st), 1, "without a head there is the chain");
	put(text);
	is_int(add(4), 0, "which is gone on with");
	is_int(verify(&st), 1, "in order");
}

/* Lines of any length; many writers; a file that may not grow. */
static void
test_hard(void)
{
	struct audit_state st;
	struct err e = ERR_INIT;
	AUTO_FREE char *big = xmalloc(40001);
	struct rlimit lim = { 0, RLIM_INFINITY }, old;
	struct stat before, after;
	jv data = json_object();

	memset(big, 'x', 40000);
	big[40000] = '\0';
	json_set_str(&data, "big", big);
	is_int(audit_add(file, "big", "/user/me", data, &e), 0, "a long line");
	for (int i = 0; i < 4; i++)
		if (fork() == 0) {
			for (int k = 0; k < 25; k++)
				add(k);
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	is_int(verify(&st), 1, "many writers keep the chain");
	is_int(st.lines, 106, "all lines are there");

	stat(file, &before);
	getrlimit(RLIMIT_FSIZE, &old);
	lim.rlim_cur = (rlim_t)before.st_size + 20;
	lim.rlim_max = old.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &lim);
	is_int(add(0), -1, "what does not fit is refused");
	setrlimit(RLIMIT_FSIZE, &old);
	stat(file, &after);
	is_int(after.st_size, before.st_size, "and leaves nothing behind");
	is_int(verify(&st), 1, "still in order");
}

int
main(void)
{
	int fd = mkstemp(file);

	close(fd);
	test_chain();
	test_head();
	test_hard();
	AUTO_FREE char *head = xasprintf("%s.head", file);
	unlink(head);
	unlink(file);
	return done();
}
