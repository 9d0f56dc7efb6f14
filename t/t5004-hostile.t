#!/bin/sh
# What comes through the socket of a sandbox may be anything.

# shellcheck disable=SC2016
. "${0%/*}/lib.sh"

need perl
mkdir .agent
cat >agents.yaml <<'END'
agents:
  - id: coder
  - id: spy
END
agent-send spy 'a secret' >id
background agent-send --serve sock coder
await 20 test -S sock || fail 'there is no socket'
cat >talk.pl <<'END'
# talk.pl: sends standard input, ends, prints what was answered
use IO::Socket::UNIX;
$SIG{PIPE} = 'IGNORE';
alarm 30;
my $s = IO::Socket::UNIX->new(Peer => 'sock') or die "no socket\n";
my $pid = fork;
if (!$pid) { while (read STDIN, my $b, 65536) { print $s $b or last }
	$s->flush; shutdown $s, 1; exit }
print while sysread $s, $_, 65536;
waitpid $pid, 0;
END
talk() {
	perl talk.pl
}
# alive: it still serves, and the secret is where it was
alive() {
	printf '{"op":"held"}\n' | talk | tail -n 1 | grep -q 'no such taker' ||
		fail 'it serves no more'
	[ "$(agent-recv --list spy | jq -r .state)" = ready ] ||
		fail 'the secret was touched'
}

it 'says who one is, and answers nonsense with an error'
printf 'null\n[]\n{"op":1}\n{"op":"take","taker":1e99}\n' | talk >said
run jq -c '.ok // .error.status' said
expect_out '"/agent/coder"'
printf '{"op":"nothing"}\n{"op":"take","taker":1e99}\n' | talk >said
run jq -c '.ok // .error.status' said
expect_out '"/agent/coder"
77
76'
alive

it 'gives nothing of others, by whatever name'
id=$(cat id)
for op in '"op":"open","box":"/agent/spy"' '"op":"open","box":"/agent/../spy"' \
	'"op":"open","box":"/registry"' '"op":"get","id":"'"$id"'"' \
	'"op":"settle","lease":"'"$id"'","verdict":0' \
	'"op":"settle","lease":"'"$id"'.1","verdict":4' \
	'"op":"gate","id":"'"$id"'"' '"op":"again","id":"'"$id"'"' \
	'"op":"answer","id":"x"' '"op":"members"' '"op":"gc"'
do
	printf '{%s}\n' "$op"
done | talk >said
grep -q secret said && fail 'it told the secret'
run jq -c 'select(.ok != null and .ok != "/agent/coder")' said
expect_out ''
alive

it 'lets nobody speak for another one'
printf '%s\n' '{"op":"send","messages":[{"box":"user","line":"{\"specversion\":\"1.0\",\"id\":\"01JD0000000000000000000009\",\"source\":\"/user/root\",\"type\":\"answer\",\"data\":{\"answer\":\"yes\"}}"}]}' \
	'{"op":"send","source":"/agent/spy","messages":[{"box":"user","source":"/agent/spy","line":"{\"source\":\"/agent/spy\"}"}]}' \
	'{"op":"send","messages":[{"box":"user","line":"{}\n{\"source\":\"x\"}"}]}' |
	talk >said
run agent-recv --auto user
expect_json 'length == 2 and all(.source == "/agent/coder")'
alive

it 'outlives long lines, halves of lines, and many who say nothing'
head -c 3000000 /dev/zero | tr '\0' '[' | talk >/dev/null
head -c 200000 /dev/urandom | talk >/dev/null
{ printf '{"op":"send","messages":[{"box":"user","line":"'
	head -c 20000000 /dev/zero | tr '\0' x
	printf '"}]}\n'; } | talk >said
grep -q error said || fail 'it took 20 MB'
printf '{"op":"ta' | talk >/dev/null
perl -MIO::Socket::UNIX -e 'push @s, IO::Socket::UNIX->new(Peer => "sock")
	for 1 .. 28; select undef, undef, undef, 0.3' &
alive

it 'lets go of what was taken when the connection ends'
agent-send coder work >/dev/null
printf '{"op":"open","box":"/agent/coder"}\n{"op":"take","taker":0,"max":1}\n' |
	talk | grep -q work || fail 'nothing to take'
run agent-recv -1 --wait 20 --auto --format text coder
expect_out work

done_testing
