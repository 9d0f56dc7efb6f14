/* hub-owner: who holds a lease, and whether he lives. */
#include "config.h"

#include "hub-sqlite.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "bell.h"
#include "num.h"
#include "path.h"

/* The start time of a process: what tells it from a later one of its pid. */
static bool
start_time(int64_t pid, char out[24])
{
	AUTO_FREE char *file = xasprintf("/proc/%lld/stat", (long long)pid);
	AUTO_BUF struct buf text = BUF_INIT;
	struct err ignored = ERR_INIT;
	const char *p;

	if (path_read(file, 4096, &text, &ignored) < 0 ||
	    !(p = strrchr(text.data, ')')))
		return false;
	/* one that nobody waited for yet is dead all the same */
	if (p[1] == ' ' && (p[2] == 'Z' || p[2] == 'X'))
		return false;
	/* field 22, the third being the one after the name */
	for (int field = 2; field < 22 && p; field++)
		p = strchr(p + 1, ' ');
	if (!p)
		return false;
	snprintf(out, 24, "%.*s", (int)strcspn(p + 1, " "), p + 1);
	return true;
}

static void
pid_namespace(char out[32])
{
	ssize_t n = readlink("/proc/self/ns/pid", out, 31);

	out[n > 0 ? n : 0] = '\0';
}

char *
hub_owner_of_pid(int64_t pid)
{
	char start[24], ns[32];

	if (!start_time(pid, start))
		return NULL;
	pid_namespace(ns);
	return xasprintf("p:%s:%lld:%s", ns, (long long)pid, start);
}

int64_t
hub_owner_pid(const char *owner)
{
	char ns[32];
	const char *p;
	int64_t pid = 0;

	pid_namespace(ns);
	if (strncmp(owner, "p:", 2) != 0 ||
	    strncmp(owner + 2, ns, strlen(ns)) != 0)
		return 0;
	p = owner + 2 + strlen(ns);
	if (*p != ':')
		return 0;
	AUTO_FREE char *num = xstrndup(p + 1, strcspn(p + 1, ":"));
	return num_parse_int(num, 1, INT32_MAX, &pid) == 0 ? pid : 0;
}

bool
hub_owner_lives(const char *dir, const char *owner)
{
	int64_t pid;

	if (strncmp(owner, "f:", 2) == 0)
		return bell_held(dir, owner + 2);
	pid = hub_owner_pid(owner);
	if (pid == 0)
		return true;	/* another namespace's: time decides */
	AUTO_FREE char *now = hub_owner_of_pid(pid);
	return now && strcmp(now, owner) == 0;
}
