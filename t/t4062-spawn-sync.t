#!/bin/sh
# agent-spawn: what must be on the disk before something is done.
. "${0%/*}/lib.sh"
# shellcheck source=t/recording.sh
. "$T_SRC/t/recording.sh"
need_sandbox
strace -o /dev/null true 2>"$T_DIR/ignored" || skip_all 'strace does not work here'

printf 'agents:\n- id: dev\n  model: replay:rec\n  policy: [{tool: read_file, deny: x}]\n' \
	>agents.yaml
{
	calls '(.messages | length) == 2' shell '{"command":"true"}' \
		read_file '{"path":"x"}'
	answer '' ok
} >rec
run strace -y -f -s 900 -e trace=fdatasync,fsync,execve,write,rename \
	-o trace agent-spawn go
expect_status 0

# Numbers of the lines of the trace that match.
lines() {
	grep -n "$1" trace | cut -d : -f 1
}

it 'has the intent of a call on the disk before the call is made'
intent=$(lines 'write(.*conversation.ndjson.*type[^a-z]*tool.call' | tail -n 1)
sync=$(lines 'fdatasync(.*conversation.ndjson' | head -n 1)
deed=$(lines 'execve(.*"--workspace"' | head -n 1)
expect_ok [ "$intent" -lt "$sync" ]
expect_ok [ "$sync" -lt "$deed" ]

it 'has the result of a run on the disk before it says so'
result=$(lines 'write(.*conversation.ndjson.*type[^a-z]*result' | tail -n 1)
expect_ok [ -n "$result" ]
sync=$(lines 'fdatasync(.*conversation.ndjson' | tail -n 1)
said=$(lines 'write(1<.*type[^a-z]*result' | tail -n 1)
expect_ok [ "$result" -lt "$sync" ]
expect_ok [ "$sync" -lt "$said" ]

it 'has what was denied on the disk before the model is told'
denied=$(lines 'write(.*audit.ndjson>.*tool.denied')
sync=$(lines 'fdatasync(.*audit.ndjson' | sed -n 2p)
told=$(lines 'write(.*conversation.ndjson.*error: denied')
expect_ok [ "$denied" -lt "$sync" ]
expect_ok [ "$sync" -lt "$told" ]

done_testing
