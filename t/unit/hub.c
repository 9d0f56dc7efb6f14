/* hub: leases, fencing, order, keys, limits, gates, on the SQLite backend. */
#include "config.h"

#include "hub.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alloc.h"
#include "path.h"
#include "registry.h"
#include "tap.h"
#include "ulid.h"

static char dir[] = "/tmp/agent-hub.XXXXXX";
static struct hub *hub;

static int
send_one(const char *box, const char *text, int priority, const char *key,
    char id[ULID_LEN + 1])
{
	struct err e = ERR_INIT;
	char mine[ULID_LEN + 1];
	AUTO_FREE char *line = xasprintf("{\"t\":\"%s\"}", text);
	struct hub_message m = { .box = box, .source = "/user/me",
		.line = line, .len = strlen(line), .priority = priority,
		.key = key };
	int r;

	ulid_make(mine);
	m.id = mine;
	r = hub_send(hub, &m, 1, &e);
	if (r < 0)
		diag("%s", e.text);
	if (id)
		memcpy(id, m.accepted, ULID_LEN + 1);
	return m.known ? 1 : r;
}

static struct hub_taker *
taker(const char *box, int64_t lease_ns)
{
	struct err e = ERR_INIT;
	struct hub_taker *t = NULL;

	if (hub_taker_open(hub, &(struct hub_take){ .box = box,
	    .lease_ns = lease_ns }, &t, &e) < 0)
		diag("%s", e.text);
	return t;
}

/* The text of the next delivery, "" when there is none; its lease. */
static const char *
next(struct hub_taker *t, char lease[HUB_LEASE_MAX])
{
	static char text[64];
	struct hub_delivery d = { .line = NULL };
	struct err e = ERR_INIT;
	int n = hub_take(t, &d, 1, &e);

	text[0] = '\0';
	if (n < 0)
		diag("%s", e.text);
	if (n > 0) {
		snprintf(text, sizeof(text), "%.*s", (int)d.len - 8,
		    d.line + 6);
		memcpy(lease, d.lease, sizeof(d.lease));
	}
	hub_delivery_release(&d);
	return text;
}

static int
settle(const char *lease, enum hub_verdict v)
{
	struct err e = ERR_INIT;
	int r = hub_settle(hub, NULL, lease, v, 0, "because", &e);

	if (r <= 0)
		diag("%s", e.text);
	return r;
}

static void
test_order(void)
{
	char lease[HUB_LEASE_MAX], id[27], again[27];
	struct hub_taker *t = taker("/agent/order", 0);

	send_one("/agent/order", "a", 5, NULL, NULL);
	send_one("/agent/order", "b", 5, NULL, NULL);
	send_one("/agent/order", "urgent", 9, NULL, NULL);
	is_str(next(t, lease), "urgent", "the urgent one first");
	is_str(next(t, lease), "a", "then by order");
	is_int(settle(lease, HUB_NAK), 1, "handed back");
	is_str(next(t, lease), "a", "it keeps its place");
	is_str(lease + 26, ".2", "as second delivery");
	is_int(settle(lease, HUB_ACK), 1, "acknowledged");
	is_int(settle(lease, HUB_ACK), 1, "twice is once");
	is_str(next(t, lease), "b", "then the next");
	is_str(next(t, lease), "", "then nothing");
	is_int(send_one("/agent/order", "k", 5, "key", id), 0, "with a key");
	is_int(send_one("/agent/order", "k", 5, "key", again), 1,
	    "the same key is known");
	is_str(again, id, "under the id of the first");
	hub_taker_close(t);
	t = taker("/agent/order", 0);
	is_str(next(t, lease), "urgent", "a closed taker gave back");
	is_str(lease + 26, ".1", "as if never taken");
	hub_taker_close(t);
}

static void
test_lease(void)
{
	char first[40], second[40] = "";
	struct hub_taker *t = taker("/agent/lease", CLOCK_MS);
	struct err e = ERR_INIT;

	send_one("/agent/lease", "m", 5, NULL, NULL);
	is_str(next(t, first), "m", "taken for a millisecond");
	is_int(hub_wait(t, deadline_in(10 * CLOCK_SEC), -1, NULL, &e), 1,
	    "the first wait looks again");
	for (int i = 0; i < 100 && !*next(t, second); i++)
		hub_wait(t, deadline_in(10 * CLOCK_SEC), -1, NULL, &e);
	is_str(second + 26, ".2", "it comes back when its time is over");
	is_int(settle(first, HUB_ACK), 0, "the old lease cannot settle");
	hub_settle(hub, NULL, second, HUB_EXTEND, 60 * CLOCK_SEC, NULL, &e);
	is_str(next(t, first), "", "extended");
	is_int(settle(second, HUB_ACK), 1, "the new one can");
	hub_taker_close(t);
}

/* A child that takes and then sleeps until it is killed. */
static pid_t
holder(const char *box, int take_it)
{
	int p[2];
	char c;
	pid_t pid;

	if (pipe(p) < 0 || (pid = fork()) < 0)
		return -1;
	if (pid == 0) {
		char lease[HUB_LEASE_MAX];
		struct err e = ERR_INIT;
		struct hub *mine;

		if (hub_open(dir, NULL, NULL, &mine, &e) < 0)
			_exit(1);
		hub = mine;
		struct hub_taker *t = taker(box, 0);
		if (take_it)
			next(t, lease);
		if (write(p[1], "x", 1) < 0)
			_exit(1);
		pause();
	}
	close(p[1]);
	(void)!read(p[0], &c, 1);
	close(p[0]);
	return pid;
}

static void
test_death(void)
{
	char lease[HUB_LEASE_MAX], id[27];
	struct err e = ERR_INIT;
	struct hub_taker *t;
	pid_t pid;
	jv item = JSON_NONE;

	send_one("/queue/d", "m", 5, NULL, id);
	for (int i = 1; i <= HUB_TRIES; i++) {
		pid = holder("/queue/d", 1);
		t = taker("/queue/d", 0);
		is_str(next(t, lease), "", "somebody holds it");
		while (hub_wait(t, deadline_in(0), -1, NULL, &e) > 0)
			next(t, lease);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		is_int(hub_wait(t, deadline_in(20 * CLOCK_SEC), -1, NULL,
		    &e), 1, "his end wakes");
		if (i < HUB_TRIES) {
			is_str(next(t, lease), "m", "and it comes back");
			is_int(lease[27] - '0', i + 1, "one more delivery");
		} else {
			is_str(next(t, lease), "", "or is dead");
		}
		hub_taker_close(t);
	}
	is_int(hub_get(hub, id, &item, &e), 1, "found");
	is_str(json_str(&item, "state"), "dead", "among the dead");
	is_str(json_str(&item, "error"), "its process ended", "with why");
	jv_free(item);
	is_int(hub_again(hub, NULL, id, &e), 1, "sent again");
	t = taker("/queue/d", 0);
	is_str(next(t, lease), "m", "and there it is");
	hub_taker_close(t);
}

static void
test_limit(void)
{
	char lease[HUB_LEASE_MAX], other[40];
	struct err e = ERR_INIT;
	struct hub_taker *t = taker("/queue/l", 0);

	for (int i = 0; i < 3; i++)
		send_one("/queue/l", "m", 5, NULL, NULL);
	is_int(hub_limit(hub, "/queue/l", 2, &e), 0, "a limit of two");
	is_str(next(t, lease), "m", "one");
	is_str(next(t, other), "m", "two");
	is_str(next(t, lease), "", "no third");
	is_int(settle(other, HUB_ACK), 1, "one is done");
	is_str(next(t, lease), "m", "then the third");
	hub_taker_close(t);
}

static void
test_await(void)
{
	char id[27], lease[HUB_LEASE_MAX], corr[27];
	struct err e = ERR_INIT;
	struct hub_taker *asker = NULL, *other = taker("/user/me", 0);
	struct hub_message m = { .box = "/user/me", .source = "/agent/x",
		.line = "{\"t\":\"re\"}", .len = 10, .priority = 5 };

	send_one("/agent/x", "q", 5, NULL, corr);
	hub_taker_open(hub, &(struct hub_take){ .box = "/user/me",
	    .corr = corr }, &asker, &e);
	is_int(hub_await(asker, corr, &e), 0, "waits for the answer");
	ulid_make(id);
	m.id = id;
	m.corr = corr;
	is_int(hub_send(hub, &m, 1, &e), 0, "which comes");
	is_str(next(other, lease), "", "another one does not get it");
	is_str(next(asker, lease), "re", "but who asked");
	hub_taker_close(asker);
	is_str(next(other, lease), "re", "and another one when he is gone");
	hub_taker_close(other);
}

static jv
question(const char *key, const char *digest, const char *then, int64_t ms)
{
	jv q = json_object();

	json_set_str(&q, "source", "/agent/a");
	json_set_str(&q, "kind", "approval");
	json_set_str(&q, "question", "May I?");
	json_set_str(&q, "subject", "thing");
	json_set_str(&q, "digest", digest);
	json_set_str(&q, "then", then);
	if (key)
		json_set_str(&q, "key", key);
	if (ms >= 0)
		json_set_int(&q, "deadline_ms", ms);
	return q;
}

static void
test_gate(void)
{
	struct err e = ERR_INIT;
	AUTO_JV jv q = question("k", "d1", "hold", -1);
	AUTO_JV jv changed = question("k", "d2", "hold", -1);
	AUTO_JV jv late = question(NULL, "d", "deny", 0);
	AUTO_JV jv g = JSON_NONE, same = JSON_NONE, got = JSON_NONE;
	AUTO_JV jv other = JSON_NONE, denied = JSON_NONE, kept = JSON_NONE;
	struct hub_answer a = { .state = "answered", .answer = "approve",
		.message = "but rename it", .by = "/user/me",
		.remember = true };

	is_int(hub_gate_ask(hub, &q, &g, &e), 0, "a question");
	is_int(hub_gate_ask(hub, &q, &same, &e), 0, "the same again");
	is_str(json_str(&same, "id"), json_str(&g, "id"), "is one gate");
	is_int(hub_gate_answer(hub, json_str(&g, "id"), &a, &got, &e), 1,
	    "answered");
	jv_free(got);
	got = JSON_NONE;
	a.answer = "deny";
	is_int(hub_gate_answer(hub, json_str(&g, "id"), &a, &got, &e), 0,
	    "the second one is told");
	is_str(json_str(&got, "answer"), "approve", "what was decided");
	is_int(hub_remembered(hub, "/agent/a", "thing", &kept, &e), 1,
	    "remembered");
	is_int(hub_forget(hub, json_str(&kept, "id"), &e), 1, "forgotten");
	is_int(hub_gate_ask(hub, &changed, &other, &e), 0,
	    "something else under the same key");
	is_str(json_str(&other, "state"), "open", "is a new question");
	is_int(hub_gate_ask(hub, &late, &denied, &e), 0, "one without time");
	AUTO_FREE char *id = xstrdup(json_str(&denied, "id"));
	jv_free(denied);
	denied = JSON_NONE;
	is_int(hub_gate_get(hub, id + 16, &denied, &e), 1,
	    "by the end of its id");
	is_str(json_str(&denied, "answer"), "deny", "is denied");
}

static int
count(const jv *item, void *arg)
{
	(void)item;
	++*(int *)arg;
	return 0;
}

static void
test_registry(void)
{
	struct err e = ERR_INIT;
	struct registry_member *m = NULL;
	int n = 0;
	pid_t pid;

	is_int(registry_join(hub, &(struct registry_entry){ .id = "a",
	    .state = "idle", .tokens = -1 }, &m, &e), 0, "joins");
	registry_list(hub, count, &n, &e);
	is_int(n, 1, "is listed");
	pid = fork();
	if (pid == 0) {
		struct hub *mine;
		struct registry_member *me;

		if (hub_open(dir, NULL, NULL, &mine, &e) == 0 &&
		    registry_join(mine, &(struct registry_entry){ .id = "b",
		    .tokens = -1 }, &me, &e) == 0)
			kill(getpid(), SIGKILL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
	n = 0;
	registry_list(hub, count, &n, &e);
	is_int(n, 1, "a killed one is not");
	registry_leave(m);
	n = 0;
	registry_list(hub, count, &n, &e);
	is_int(n, 0, "nor one who left");
}

int
main(void)
{
	struct err e = ERR_INIT;
	const char *rm[] = { "rm", "-rf", dir, NULL };

	if (!mkdtemp(dir) || hub_open(dir, NULL, NULL, &hub, &e) < 0) {
		diag("%s", e.text);
		return 1;
	}
	test_order();
	test_lease();
	test_death();
	test_limit();
	test_await();
	test_gate();
	test_registry();
	hub_close(hub);
	if (fork() == 0)
		execvp(rm[0], (char **)(uintptr_t)rm);
	wait(NULL);
	return done();
}
