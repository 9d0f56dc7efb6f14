/* boxdenied: system calls that the filter refused, by name. */
#include "config.h"

#include "boxdenied.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "alloc.h"
#include "boxwrites.h"
#include "syscall-names.h"

enum { WRITES_MAX = 256 };

static void
tell(struct boxdenied *d, int nr)
{
	const char *name = NULL;
	jv data;

	if (nr < 0 || nr >= BOXDENIED_CALLS || d->told[nr])
		return;
	d->told[nr] = 1;
	if ((size_t)nr < sizeof(syscall_names) / sizeof(*syscall_names))
		name = syscall_names[nr];
	data = json_object();
	json_set_str(&data, "kind", "syscall");
	json_set_str(&data, "name", name ? name : "");
	json_set_int(&data, "number", nr);
	boxreport_emit(d->report, "sandbox.deny", data);
}

/* The error of a call that was refused: the user's filters', or ours. */
static int
error_of(const struct seccomp_data *call, uint32_t judged)
{
	if (judged != SECCOMP_RET_ALLOW)
		return (int)(judged & SECCOMP_RET_DATA);
	switch (call->nr) {
	case SYS_socket:
	case SYS_socketpair:
		return EAFNOSUPPORT;
	case SYS_setxattr:
	case SYS_lsetxattr:
	case SYS_fsetxattr:
		return EOPNOTSUPP;
	default:
		return EPERM;
	}
}

/* The kernel decides, whatever we see. */
static void
let_write(struct boxdenied *d, const struct seccomp_notif *call,
    const char *name)
{
	struct seccomp_notif_resp answer = { .id = call->id,
	    .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
	AUTO_BUF struct buf path = BUF_INIT;
	bool refused = d->writes.n < WRITES_MAX &&
	    boxwrites_refused(d->fd, call, &path);
	jv data;

	(void)ioctl(d->fd, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	if (!refused || strs_has(&d->writes, path.data))
		return;
	strs_add(&d->writes, path.data);
	data = json_object();
	json_set_str(&data, "kind", "write");
	json_set_str(&data, "path", path.data);
	json_set_str(&data, "by", name);
	boxreport_emit(d->report, "sandbox.deny", data);
}

static void
on_call(void *arg, int fd, uint32_t events)
{
	struct boxdenied *d = arg;
	struct seccomp_notif call;
	struct seccomp_notif_resp answer = { 0 };
	const char *name = "";
	uint32_t judged;

	if (events & EPOLLHUP) {
		boxdenied_end(d);
		return;
	}
	memset(&call, 0, sizeof(call));
	if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
		return;
	judged = boxfilters_judge(d->filters, &call.data);
	if (judged == SECCOMP_RET_ALLOW &&
	    boxwrites_is_one(&call.data, &name)) {
		let_write(d, &call, name);
		return;
	}
	answer.error = -error_of(&call.data, judged);
	answer.id = call.id;
	(void)ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	tell(d, call.data.nr);
}

void
boxdenied_start(struct boxdenied *d, struct loop *l, int fd,
    struct boxreport *report, const struct boxfilters *filters)
{
	d->filters = filters;
	d->fd = fd;
	d->loop = l;
	d->report = report;
	(void)loop_set(l, fd, EPOLLIN, on_call, d);
}

void
boxdenied_end(struct boxdenied *d)
{
	strs_release(&d->writes);
	if (d->fd < 0)
		return;
	loop_remove(d->loop, d->fd);
	close(steal_fd(&d->fd));
}
