/*
 * overlay-mount: mounts overlays for what this process is about to become.
 *
 * By the kernel, or by fuse-overlayfs where it refuses: on top of another
 * overlay, as in a container, and before Linux 5.11 for who is not root.
 * Either happens in a user and mount namespace of the process's own, so that
 * nothing is left to unmount, however it ends.
 */
#ifndef AGENT_OVERLAY_MOUNT_H
#define AGENT_OVERLAY_MOUNT_H

#include <stdbool.h>
#include <stddef.h>

struct overlay_mount {
	const char *lower, *upper, *work, *merged;
	const char *fuse;	/* fuse-overlayfs; NULL: the kernel does it */
};

/* Where fuse-overlayfs is, if it can be used; NULL.  The caller frees. */
char	*overlay_mount_fuse(void);

/*
 * Mounts them; for a child between fork and exec.  fuse-overlayfs becomes a
 * child of it, dies with it, and complains to `messages`.  -1 and errno.
 */
int	overlay_mount(const struct overlay_mount *v, size_t n, int messages);

/*
 * Whether it would work, tried in a process of its own; true also where no
 * user namespace can be made, which is somebody else's to tell.
 */
bool	overlay_mount_works(const struct overlay_mount *m);

#endif
