/*
 * run: gives files, or the files of directories, to a fuzz target, once each:
 * what libFuzzer's main() does, for every compiler.
 *
 *	t/fuzz/json t/fuzz/corpus/json
 */
#include "config.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>

#include "alloc.h"
#include "path.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
run_file(const char *path, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT;
	AUTO_FREE uint8_t *exact = NULL;

	if (path_read(path, 64 << 20, &text, e) < 0)
		return -1;
	/* without the NUL behind it, so that an overrun shows */
	exact = xmalloc(text.len);
	memcpy(exact, text.data, text.len);
	LLVMFuzzerTestOneInput(exact, text.len);
	return 0;
}

static int
run(const char *path, struct err *e)
{
	DIR *dir = opendir(path);
	int n = 0, r = 0;

	if (!dir)
		return run_file(path, e) < 0 ? -1 : 1;
	for (struct dirent *d; r == 0 && (d = readdir(dir)); ) {
		AUTO_FREE char *file = path_join(path, d->d_name);
		if (d->d_name[0] == '.')
			continue;
		r = run_file(file, e);
		n++;
	}
	closedir(dir);
	return r < 0 ? -1 : n;
}

int
main(int argc, char **argv)
{
	struct err e = ERR_INIT;
	int n = 0;

	err_set_program("fuzz");
	for (int i = 1; i < argc; i++) {
		int r = run(argv[i], &e);
		if (r < 0)
			return err_report(&e);
		n += r;
	}
	printf("%d inputs\n", n);
	return 0;
}
