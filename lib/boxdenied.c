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

enum { WRITES_MAX = 256 };

/*
 * What sandbox-filter-gen.c refuses, and with which error where it is not
 * EPERM.
 */
static const struct {
	int nr;
	const char *name;
	int error;
} calls[] = {
	{ SYS_add_key, "add_key", EPERM },
	{ SYS_bpf, "bpf", EPERM },
	{ SYS_chroot, "chroot", EPERM },
	{ SYS_clone, "clone", EPERM },
	{ SYS_fchmod, "fchmod", EPERM },
	{ SYS_fchmodat, "fchmodat", EPERM },
	{ SYS_ioctl, "ioctl", EPERM },
	{ SYS_keyctl, "keyctl", EPERM },
	{ SYS_mount, "mount", EPERM },
	{ SYS_open_by_handle_at, "open_by_handle_at", EPERM },
	{ SYS_openat, "openat", EPERM },
	{ SYS_perf_event_open, "perf_event_open", EPERM },
	{ SYS_pivot_root, "pivot_root", EPERM },
	{ SYS_process_vm_readv, "process_vm_readv", EPERM },
	{ SYS_process_vm_writev, "process_vm_writev", EPERM },
	{ SYS_ptrace, "ptrace", EPERM },
	{ SYS_request_key, "request_key", EPERM },
	{ SYS_sethostname, "sethostname", EPERM },
	{ SYS_setns, "setns", EPERM },
	{ SYS_socket, "socket", EAFNOSUPPORT },
	{ SYS_syslog, "syslog", EPERM },
	{ SYS_umount2, "umount2", EPERM },
	{ SYS_unshare, "unshare", EPERM },
	{ SYS_userfaultfd, "userfaultfd", EPERM },
};

static void
tell(struct boxdenied *d, int nr, const char *name)
{
	jv data;

	if (nr < 0 || nr >= BOXDENIED_CALLS || d->told[nr])
		return;
	d->told[nr] = 1;
	data = json_object();
	json_set_str(&data, "kind", "syscall");
	json_set_str(&data, "name", name);
	json_set_int(&data, "number", nr);
	boxreport_emit(d->report, "sandbox.deny", data);
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
	struct seccomp_notif_resp answer = { .error = -EPERM };
	const char *name = "";

	if (events & EPOLLHUP) {
		boxdenied_end(d);
		return;
	}
	memset(&call, 0, sizeof(call));
	if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
		return;
	if (boxwrites_is_one(&call.data, &name)) {
		let_write(d, &call, name);
		return;
	}
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (calls[i].nr == call.data.nr) {
			answer.error = -calls[i].error;
			name = calls[i].name;
		}
	answer.id = call.id;
	(void)ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	tell(d, call.data.nr, name);
}

void
boxdenied_start(struct boxdenied *d, struct loop *l, int fd,
    struct boxreport *report)
{
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
