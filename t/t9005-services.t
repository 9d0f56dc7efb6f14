#!/bin/sh
# templates/flows: the line for crontab and the service, run as cron and systemd
# run them: next to no environment, no terminal, standard input that is open
# and never written.
. "${0%/*}/lib.sh"
need make jq flock
flows=$T_SRC/templates/flows
tools=${PATH%%:*}
mkdir "$HOME/project"
cd "$HOME/project" || exit
cat >nightly.flow.yaml <<'END'
sandbox: none
inputs: {day: null}
tasks:
  scan: {title: 'Scan it', run: 'echo scan >>did; test ! -t 0', with: {d: .inputs.day}}
  ask: {needs: scan, gate: 'Is that right?'}
  report: {needs: [scan, ask], run: 'echo report >>did; printenv HOME'}
END
sed 's/nightly/research/; s/day/topic/' nightly.flow.yaml >research.flow.yaml
echo 'a "topic"' >topic.txt

# as_cron N: what cron does with the Nth command of the crontab, with our
# programs in its PATH.
as_cron() {
	sed -n 's/^[^#A-Z]*\* *cd /cd /p' "$flows/crontab" | sed -n "$1p" |
		sed 's/\\%/%/g' >../command
	[ -s ../command ] || fail 'there is no such line'
	cron_status=0
	mkfifo ../stdin
	env -i HOME="$HOME" LOGNAME=x SHELL=/bin/sh \
		PATH="$tools:/usr/local/bin:/usr/bin:/bin" setsid timeout 60 \
		/bin/sh -c "$(cat ../command)" <>../stdin >../mail 2>&1 ||
		cron_status=$?
	rm ../stdin
}
answer_all() {
	agent-gate list --json | jq -r .id | while read -r id; do
		agent-gate answer "$id" approve
	done
}

it 'has a line for every night, which sends one mail'
as_cron 1
expect_ok [ "$cron_status" -eq 0 ]
expect_file ../mail 'nightly: 1 ok, 1 parked, 1 waiting
ok          scan  Scan it
parked      ask
waiting     report'

it 'comes again, and does the rest once it is answered'
run agent-flow run -q nightly.flow.yaml --set "day=$(date +%F)"
expect_status 75
answer_all
as_cron 1
expect_ok [ "$cron_status" -eq 0 ]
expect_ok grep -q '^nightly: 3 ok$' ../mail
expect_file did 'scan
report'

it 'tells of a failure by the status'
sed -i 's/printenv HOME/exit 3/' nightly.flow.yaml
as_cron 1
expect_ok [ "$cron_status" -eq 1 ]
expect_ok grep -q '^failed      report' ../mail

it 'has a line that is silent unless it fails, and does nothing while it runs'
as_cron 2
expect_ok [ "$cron_status" -eq 0 ]
expect_not [ -s ../mail ]
answer_all
background sh -c 'exec 9>.agent/research.lock; flock 9; exec tail -f /dev/null'
locked=$!
expect_ok await 10 sh -c '! flock -n .agent/research.lock true'
as_cron 2
expect_ok [ "$cron_status" -eq 0 ]
expect_not [ -s ../mail ]
expect_ok grep -q '1 parked' .agent/research.out
kill -s KILL $locked
expect_ok await 10 flock -n .agent/research.lock true
as_cron 2
expect_ok [ "$cron_status" -eq 0 ]
expect_not [ -s ../mail ]
expect_ok grep -q '^research: 3 ok$' .agent/research.out
sed -i 's/printenv HOME/exit 3/' research.flow.yaml
as_cron 2
expect_ok grep -q '^failed      report' ../mail

it 'has units that systemd takes'
if command -v systemd-analyze >"$T_DIR/why"; then
	mkdir ../units
	cp "$flows"/agent-flow@.* ../units
	run env XDG_RUNTIME_DIR="$T_DIR" SYSTEMD_UNIT_PATH="$HOME/units:" systemd-analyze verify \
		--user --man=no "$HOME/units/agent-flow@nightly.timer"
	expect_status 0
	expect_not grep -q 'agent-flow@' "$T_DIR/err"
else
	skip 'systemd-analyze is not there'
fi

it 'has a service whose command runs the flow'
sed -i 's/exit 3/true/' nightly.flow.yaml
sed -n 's/^ExecStart=//p' "$flows/agent-flow@.service" |
	sed 's/%i/nightly/g; s/%%/%/g' >../command
run env -i HOME="$HOME" PATH="$tools:/usr/bin:/bin" \
	/bin/sh -c "$(cat ../command)"
expect_status 0
expect_out_has 'nightly: 3 ok'
expect_ok grep -q '^SuccessExitStatus=75$' "$flows/agent-flow@.service"

done_testing
