#!/bin/sh
# templates/services: what starts an agent that stays.

# shellcheck disable=SC2016
. "${0%/*}/lib.sh"
# shellcheck source=t/recording.sh
. "$T_SRC/t/recording.sh"
need_sandbox

services=$T_SRC/templates/services
mkdir -p "$HOME/src/app" svc/dev
cd "$HOME/src/app" || exit 1
printf 'agents:\n- id: dev\n  model: replay:rec\n' >agents.yaml
mkdir -m 700 .agent
answer '' hello >rec

it 'runs under s6, and ends with 0 when told to'
cp "$services/run" "$T_DIR/work/svc/dev/"
pwd >"$T_DIR/work/svc/dev/project"
cat >supervise <<END
cd "$T_DIR/work/svc/dev" && exec ./run
END
background sh supervise >"$T_DIR/log"
pid=$!
run agent-send --wait 50 dev 'are you there?'
expect_out hello
kill -TERM "$pid"
wait "$pid" || fail "status $?"
run cat "$T_DIR/log"
expect_json 'last.data.answered == 1'

it 'comes by from cron, and leaves one alone that is there'
sed -n 's/^[*].*	cd /cd /p' "$services/crontab" >line
id=$(agent-send dev 'when you have time')
run sh line
expect_status 0
run agent-recv --list dev
expect_out ''
[ -n "$id" ] || fail 'not sent'
background agent-spawn --stay dev --format ndjson >/dev/null
pid=$!
await 20 sh -c '[ "$(agent-watch --agents --json | jq -r .state)" = idle ]'
run sh line
expect_status 0
kill -TERM "$pid"
wait "$pid" || fail "status $?"

it 'has a unit that systemd understands'
if command -v systemd-analyze >/dev/null; then
	run systemd-analyze verify "$services/agent@.service"
	expect_status 0
else
	grep -q '^ExecStart=.*agent-spawn --stay %i' \
		"$services/agent@.service" || fail 'it starts no agent'
fi

done_testing
