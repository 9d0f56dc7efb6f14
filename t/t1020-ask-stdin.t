#!/bin/sh
# agent-ask never waits for a parent that does not write, and never answers
# half a question: the rule for standard input, attacked.
. "${0%/*}/lib.sh"
. "$T_SRC/t/model.sh"

need jq perl
model_server -e '{"echo":true}'
AGENT_MODEL=test/x
export AGENT_MODEL

# with KIND COMMAND...: runs it with a standard input of that kind, that stays
# open and that nobody writes to.
cat >with.pl <<'EOF'
use strict;
use Socket;
my ($kind, @command) = @ARGV;
my ($in, $other);
if ($kind eq 'socket') {
	socketpair($in, $other, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die;
} else {
	pipe($in, $other) or die;
}
my $pid = fork;
if ($pid == 0) {
	close $other;
	open STDIN, '<&', $in or die;
	exec @command or die;
}
close $in;
waitpid $pid, 0;
exit($? & 127 ? 128 + ($? & 127) : $? >> 8);
EOF

with() {
	run perl with.pl "$@"
}

it 'does not read an open socket, which is what Node gives its children'
with socket agent-ask hi
expect_status 0
expect_out hi
expect_err ''

it 'does not read a device, a closed input, or what it is told not to'
run sh -c 'agent-ask hi </dev/zero'
expect_out hi
run sh -c 'agent-ask hi <&-'
expect_status 0
expect_out hi
with pipe agent-ask --no-stdin hi
expect_out hi
AGENT_STDIN=no with pipe agent-ask hi
expect_out hi

it 'does not wait for a FIFO without a writer longer than it may'
mkfifo fifo
run sh -c 'agent-ask --stdin-timeout 200ms hi <>fifo'
expect_status 124
expect_out ''
expect_err_has 'no end of standard input in time'
with pipe agent-ask --timeout 200ms hi
expect_status 124

it 'says what it waits for, once, and how not to'
with pipe agent-ask --stdin-timeout 3500ms hi
expect_status 124
expect_err_has 'waiting for standard input; --no-stdin or </dev/null'
[ "$(grep -c waiting "$T_DIR/err")" -eq 1 ] || fail 'more than once'

it 'asks nothing with half an input'
before=$(wc -l <"$MODEL_LOG")
run sh -c '{ echo half; exec sleep 5; } | agent-ask --stdin-timeout 300ms hi'
expect_status 124
[ "$(wc -l <"$MODEL_LOG")" -eq "$before" ] || fail 'it asked'

it 'reads where it is meant to: no operand, -, a file, a pipe'
with socket agent-ask --stdin-timeout 200ms -
expect_status 124
with socket agent-ask --stdin-timeout 200ms
expect_status 124
echo file >in
run agent-ask hi <in
printf 'hi\n\nfile\n' >want
expect_ok cmp want "$T_DIR/out"
run sh -c 'echo piped | agent-ask hi'
expect_out_has piped
run sh -c 'echo piped | agent-ask -f - hi'
expect_out_has piped

it 'has nothing to ask without any'
run sh -c 'agent-ask </dev/null'
expect_status 2
expect_err_has 'no prompt'

it 'takes a prompt of 200 kB, also where argv cannot hold it'
perl -e 'print "word " x 40000' >big
run agent-ask <big
expect_status 0
[ "$(wc -c <"$T_DIR/out")" -eq 200001 ] || fail "$(wc -c <"$T_DIR/out") bytes"
run agent-ask -f big summarise
expect_status 0
run agent-ask --system-file big hi
expect_status 0
perl -e 'print "w" x 10_000_000' >bigger
run agent-ask -f bigger
expect_status 0
[ "$(wc -c <"$T_DIR/out")" -eq 10000001 ] || fail 'not all of 10 MB'

it 'takes a task of ten megabytes from a stream, and says which is too long'
perl -e 'print "{\"id\":\"big\",\"prompt\":\"", "w" x 10_000_000, "\"}\n";
	print "{\"prompt\":\"", "w" x 20_000_000, "\"}\n{\"prompt\":\"hi\"}\n"' >in
run agent-ask -j 2 <in
expect_status 65
expect_err_has 'line 2:'
expect_json 'length == 2 and (.[0].data.text | length) == 10000000 and
	.[1].data.text == "hi"'

done_testing
