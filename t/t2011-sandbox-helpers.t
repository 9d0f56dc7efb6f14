#!/bin/sh
# The helpers of agent-sandbox, started by somebody else: they say so at once,
# whatever their standard input is, and touch nothing.
. "${0%/*}/lib.sh"

# what is open and is never written
mkfifo never
exec 7<>never

it 'has a process 1 that starts nothing for others'
run "$T_BUILD/cmd/agent-sandbox-init" touch made <&7
expect_status 125
expect_err 'agent-sandbox-init: started by agent-sandbox alone'
expect_not [ -e made ]

it 'has a broker that asks nobody without its socket'
run "$T_BUILD/cmd/agent-sandbox-broker" <&7
expect_status 2
expect_err_has 'started by agent-sandbox alone'
run "$T_BUILD/cmd/agent-sandbox-broker" no-number \
	'X=example.com: A: {key_cmd touch made}' <&7
expect_status 2
expect_not [ -e made ]

it 'has a janitor that waits for nobody when somebody else starts it'
run "$T_BUILD/cmd/agent-sandbox-janitor" <&7
expect_status 125
expect_err 'agent-sandbox-janitor: started by agent-sandbox alone'

it 'has a janitor that removes groups when its pipe ends, and no others'
mkdir group other
: >other/kept
run "$T_BUILD/cmd/agent-sandbox-janitor" -- "$PWD/group" "$PWD/other" \
	</dev/null
expect_status 0
expect_not [ -e group ]
expect_ok [ -e other/kept ]

it 'says why when bwrap could not be started'
need_sandbox
mkdir -p built/cmd
for program in agent-sandbox agent-sandbox-init; do
	cp "$T_BUILD/cmd/$program" built/cmd/
done
cp "$T_BUILD/cmd/.srcdir" built/cmd/
# gone at once, sometimes before it is told what to watch
cp /bin/true built/cmd/agent-sandbox-janitor
for _ in 1 2 3 4 5 6 7 8 9 10; do
	run built/cmd/agent-sandbox true
	[ "$status" -eq 0 ] && continue
	expect_status 125
	expect_err_has 'the janitor is gone: Broken pipe; nothing was run'
done

it 'has a maker of filters that says why it makes none'
filter=$T_BUILD/cmd/agent-sandbox-filter
run "$filter" <&7
expect_status 2
run "$filter" none.json <&7
expect_status 66
echo '{"defaultAction":' >bad.json
run "$filter" bad.json <&7
expect_status 65
echo '{"defaultAction": "SCMP_ACT_NOTIFY"}' >odd.json
run "$filter" odd.json <&7
expect_status 78
expect_err_has SCMP_ACT_NOTIFY
expect_out ''

it 'has one that writes whole instructions'
echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls":
	[{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}]}' >good.json
run "$filter" good.json <&7
expect_status 0
expect_ok test -s "$T_DIR/out"
expect_ok [ $(($(wc -c <"$T_DIR/out") % 8)) -eq 0 ]
run sh -c '"$1" good.json >/dev/full' sh "$filter"
expect_status 74

done_testing
