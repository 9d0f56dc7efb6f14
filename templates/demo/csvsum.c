/* csvsum: adds up one column of a CSV file (RFC 4180): csvsum COLUMN <FILE */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Finds the field with number `want` (from 1) in a line and copies it, quotes
 * removed; false when the line has fewer fields.
 */
static bool
field(const char *line, int want, char *out, size_t size)
{
	bool quoted = false;
	size_t len = 0;
	int at = 1;

	for (const char *p = line; *p && *p != '\n'; p++) {
		if (*p == '"') {
			quoted = !quoted;
			continue;
		}
		if (*p == ',') {
			at++;
			continue;
		}
		if (at == want && len + 1 < size)
			out[len++] = *p;
	}
	out[len] = '\0';
	return at >= want;
}

int
main(int argc, char **argv)
{
	char line[4096], text[256];
	int column = argc == 2 ? atoi(argv[1]) : 0;
	double sum = 0;

	if (column < 1) {
		fprintf(stderr, "usage: csvsum COLUMN\n");
		return 2;
	}
	while (fgets(line, sizeof(line), stdin))
		if (field(line, column, text, sizeof(text)))
			sum += strtod(text, NULL);
	printf("%g\n", sum);
	return 0;
}
