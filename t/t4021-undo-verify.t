#!/bin/sh
# agent-undo verify: whether the audit trail is as it was written.
. "${0%/*}/lib.sh"

mkdir -m 700 .agent

it 'has nothing to tell at first'
run agent-undo verify
expect_status 0
expect_out 'nothing is on the trail'

# A trail of three lines, made by refusals that anybody can bring about.
cat >agents.yaml <<'END'
agents:
  - id: dev
    model: replay:rec
    policy: [{deny: never}]
END
# shellcheck source=t/recording.sh
. "$T_SRC/t/recording.sh"
{
	calls '(.messages | length) == 2' read_file '{"path":"a"}' \
		read_file '{"path":"b"}' read_file '{"path":"c"}'
	answer '' ok
} >rec
run agent-spawn go

it 'finds a good one in order'
run agent-undo verify
expect_status 0
expect_out_has '5 lines in order, the last is '
run agent-undo --verify
expect_status 0
expect_out_has '5 lines in order, the last is '

# bad SCRIPT: the trail as sed(1) changes it.
bad() {
	sed "$1" .agent/audit.ndjson >trail
	run agent-undo verify trail
	expect_status 1
	expect_err_has "'trail': "
}

it 'has who began with what rights, and how it ended'
run cat .agent/audit.ndjson
expect_json 'map(.action) == ["run.begun", "tool.denied", "tool.denied",
	"tool.denied", "run.ended"] and
	(.[0].data | .model == "replay:rec" and .mode == "default") and
	.[4].data.status == 0'
expect_ok [ "$(tail -n 1 .agent/audit.ndjson | jq -r .data.conversation)" = \
	"$(sha256sum <"$(echo .agent/runs/*/conversation.ndjson)" |
	cut -d ' ' -f 1)" ]

it 'has what the mode saved a person from, and what ran outside'
cp -r .agent kept
printf 'agents: [{id: dev, model: "replay:rec", tools: [shell, send],
	policy: [{tool: shell, ask: May it?}]}]\n' >agents.yaml
{
	calls '(.messages | length) == 2' shell '{"command":"true"}' \
		send '{"to":"user","text":"hi"}'
	answer '' ok
} >rec
TEST_KEY=x run agent-spawn --permission-mode bypassPermissions go
tail -n 4 .agent/audit.ndjson >"$T_DIR/out"
expect_json 'map(.action) == ["run.begun", "policy.bypassed", "tool.outside",
	"run.ended"] and .[0].data.mode == "bypassPermissions" and
	.[1].data.reason == "May it?" and .[2].data.tool == "send"'
rm -rf .agent && mv kept .agent

it 'finds a line that was changed'
bad '3s/"b"/"x"/'

it 'finds a line that is missing'
bad 2d

it 'finds lines that were moved'
bad '1{h;d};2G'

it 'finds a line that was added'
bad '2p'

it 'finds that the last line was cut off, changed, or all of it removed'
cp .agent/audit.ndjson trail
for script in '$d' '$s/"status":0/"status":1/'; do
	sed "$script" trail >.agent/audit.ndjson
	run agent-undo --verify
	expect_status 1
done
expect_err_has 'line 5: was changed'
rm .agent/audit.ndjson
run agent-undo --verify
expect_status 1
expect_err_has 'was removed'
cp trail .agent/audit.ndjson
run agent-undo --verify
expect_status 0

it 'tells a file that is not there'
run agent-undo verify nothing
expect_status 66

done_testing
