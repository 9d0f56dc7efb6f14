# shellcheck shell=sh
# embedder.sh: `embedder`, a program that knows three meanings (animals, cars,
# food), and `broken`, one that knows none, in the directory of the test.

cat >embedder <<'END'
#!/usr/bin/perl
$| = 1;
while (<STDIN>) {
	my @v = (0.1, 0.1, 0.1, map { 0.01 * (ord(substr($_, $_ % length, 1)) % 7) } 1 .. 13);
	$v[0] += 3 if /hound|dog|kitten|cat/i;
	$v[1] += 3 if /limousine|car|truck/i;
	$v[2] += 3 if /soup|bread|dinner/i;
	print '{"embedding":[', join(',', @v), "],\"model\":\"toy\"}\n";
}
END
printf '#!/bin/sh\ncat >/dev/null\necho no model >&2\nexit 1\n' >broken
chmod +x embedder broken
