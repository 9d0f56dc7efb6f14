/* key: where a key comes from, and that nothing of it is left behind. */
#include "config.h"

#include "key.h"

#include <fcntl.h>
#include <poll.h>

#include "alloc.h"
#include "buf.h"
#include "fd.h"
#include "json.h"
#include "tap.h"

static struct buf wiped;

/*
 * What the linker puts in the place of explicit_bzero(3), by either of the
 * names that the C library gives it: keeps what was overwritten.
 */
void	__wrap_explicit_bzero(void *s, size_t n);
void	__wrap___explicit_bzero_chk(void *s, size_t n, size_t room);

void
__wrap_explicit_bzero(void *s, size_t n)
{
	buf_add(&wiped, s, n);
	memset(s, 0, n);
}

void
__wrap___explicit_bzero_chk(void *s, size_t n, size_t room)
{
	(void)room;
	__wrap_explicit_bzero(s, n);
}

/* How often the key was overwritten since the last call. */
static int
wipes(const char *key)
{
	int n = 0;

	for (const char *at = wiped.data; at && *key &&
	    (at = strstr(at, key)); n++)
		at++;
	buf_reset(&wiped);
	return n;
}

static void
test_free(void)
{
	key_free(NULL);
	is_int(wipes("sk-"), 0, "there is nothing in none");
	key_free(xstrdup("sk-one"));
	is_int(wipes("sk-one"), 1, "a key that is freed is overwritten");
}

static void
test_read(const char *text, const char *want, int status)
{
	struct err e = ERR_INIT;
	char *key = NULL;
	int fd = fd_from_text(text, strlen(text), &e);

	is_int(key_read(fd, DEADLINE_NEVER, &key, &e), want ? 0 : -1,
	    "reads a descriptor");
	is_str(key, want, "its first line");
	is_int(e.status, status, "with that status");
	ok(fcntl(fd, F_GETFD) < 0, "closes it");
	is_int(wipes(text), *text != '\0', "overwrites what it came in");
	key_free(key);
	wipes(text);
}

static void
test_read_much(void)
{
	AUTO_BUF struct buf text = BUF_INIT;
	struct err e = ERR_INIT;
	char *key = NULL;

	buf_adds(&text, "sk-six\n");
	while (text.len < 20000)
		buf_addc(&text, '.');
	is_int(key_read(fd_from_text(text.data, text.len, &e),
	    DEADLINE_NEVER, &key, &e), -1, "what is too long is no key");
	ok(!key && e.status == ST_DATA, "and is refused");
	ok(wipes("sk-six") > 0, "overwritten all the same");
}

/* As an array of words, which no shell but the one named there reads. */
static int
run(const char *script, char **ret, struct err *e)
{
	AUTO_JV jv cmd = json_array();

	json_append(&cmd, json_from_str("sh"));
	json_append(&cmd, json_from_str("-c"));
	json_append(&cmd, json_from_str(script));
	return key_run(&cmd, ret, e);
}

static void
test_run(void)
{
	AUTO_JV jv line = json_from_str("printf 'sk-two\\nmore\\n'");
	struct err e = ERR_INIT;
	char *key = NULL;

	is_int(key_run(&line, &key, &e), 0, "runs a line");
	is_str(key, "sk-two", "and takes its first");
	is_int(wipes("sk-two"), 1, "overwrites what it said");
	key_free(key);
	wipes("sk-two");

	key = NULL;
	is_int(run("echo sk-three; exit 3", &key, &e), -1,
	    "one that fails gives none");
	ok(!key && e.status == ST_DENIED, "and is denied");
	is_int(wipes("sk-three"), 1, "overwrites that, too");
	is_int(run(":", &key, &e), -1, "one that says nothing gives none");
	is_int(e.status, ST_DENIED, "and is denied");
	is_int(run("echo sk-four; head -c 20000 /dev/zero", &key, &e), -1,
	    "one that says too much gives none");
	is_int(e.status, ST_DATA, "and is no key");
	is_int(wipes("sk-four"), 1, "overwrites it all the same");
}

static void
test_stop(void)
{
	AUTO_JV jv cmd = json_from_str("echo sk-five; exec sleep 100");
	struct err e = ERR_INIT;
	struct key_helper *h = key_start(&cmd, &e);
	struct deadline until = deadline_in(20 * CLOCK_SEC);
	char *key = NULL;

	ok(h && key_fd(h) >= 0, "starts a helper");
	ok(h && fd_wait(key_fd(h), POLLIN, until, NULL, &e) == 1, "hears it");
	is_int(h ? key_step(h, &key, &e) : -1, 0, "waits for its end");
	key_stop(h);
	ok(!key, "gives nothing before that");
	is_int(wipes("sk-five"), 1, "overwrites it when it is stopped");
	key_stop(NULL);
}

static void
test_hide(void)
{
	AUTO_BUF struct buf filter = BUF_INIT;
	struct err e = ERR_INIT;
	AUTO_FD int fd = -1;

	key_hide();
	fd = open("/proc/self/coredump_filter", O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		ok(true, "# SKIP no core files here");
		return;
	}
	fd_read_all(fd, 100, DEADLINE_NEVER, &filter, &e);
	is_str(filter.data, "00000000\n", "a core file would have no memory");
}

int
main(void)
{
	test_free();
	test_read("sk-zero\nmore\n", "sk-zero", ST_OK);
	test_read("sk-zero", "sk-zero", ST_OK);
	test_read("sk-zero\r\n", "sk-zero", ST_OK);
	test_read("\nsk-zero\n", NULL, ST_DENIED);
	test_read("", NULL, ST_DENIED);
	test_read_much();
	test_run();
	test_stop();
	test_hide();
	buf_release(&wiped);
	return done();
}
