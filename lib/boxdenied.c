/* boxdenied: system calls that the filter refused, by name. */
#include "config.h"

#include "boxdenied.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "alloc.h"

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
	if (d->fd < 0)
		return;
	loop_remove(d->loop, d->fd);
	close(steal_fd(&d->fd));
}
