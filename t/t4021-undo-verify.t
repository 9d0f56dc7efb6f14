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
expect_out_has '3 lines in order, the last is '

# bad SCRIPT: the trail as sed(1) changes it.
bad() {
	sed "$1" .agent/audit.ndjson >trail
	run agent-undo verify trail
	expect_status 1
	expect_err_has "'trail': "
}

it 'finds a line that was changed'
bad '2s/"b"/"x"/'

it 'finds a line that is missing'
bad 2d

it 'finds lines that were moved'
bad '1{h;d};2G'

it 'finds a line that was added'
bad '2p'

it 'tells a file that is not there'
run agent-undo verify nothing
expect_status 66

done_testing
