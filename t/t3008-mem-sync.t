#!/bin/sh
# agent-mem sync: a memory and a Markdown file that people edit.
. "${0%/*}/lib.sh"

export AGENT_MEMORY="$PWD/m.db"
sync() { run agent-mem sync --author ann notes.md; }
text() { agent-mem show "$1" | head -n1; }
# edit SCRIPT: as a person would, with sed
edit() { sed -i "$@" notes.md; }

it 'writes a file with the notes, and nothing the second time'
agent-mem add --id a -t x 'Alpha is first' >/dev/null
agent-mem add --id b 'Beta is second' >/dev/null
sync
expect_out '0 added, 0 changed, 0 removed; file: 2 written, 0 dropped; 0 conflicts'
expect_ok grep -qx 'Alpha is first' notes.md
cp notes.md before.md
sync
expect_out '0 added, 0 changed, 0 removed; file: 0 written, 0 dropped; 0 conflicts'
expect_ok cmp notes.md before.md

it 'takes what a person changed, wrote and deleted, and says who it was'
edit 's/^Alpha is first/Alpha comes first/; /^## b /,/^$/d; /^Beta/,/^$/d'
printf '## Deploys #ops\n\nGo through bastion-2.\n' >>notes.md
sync
expect_out '1 added, 1 changed, 1 removed; file: 0 written, 0 dropped; 0 conflicts'
[ "$(text a)" = 'Alpha comes first' ] || fail 'not changed'
run agent-mem show b
expect_status 66
run agent-mem search --format ndjson bastion
expect_json '.[0] | .text == "Deploys\n\nGo through bastion-2." and
	.tags == ["ops"] and .author == "ann"'
run agent-mem history --format ndjson
expect_json 'map(select(.op == "rm" or .op == "edit") | .author) ==
	["ann", "ann"]'
expect_ok grep -q '^## Deploys #ops <!-- [0-9A-Z]* -->$' notes.md
sync
expect_out '0 added, 0 changed, 0 removed; file: 0 written, 0 dropped; 0 conflicts'

it 'brings what was added, changed and removed here into the file'
agent-mem add --id c 'Gamma is new' >/dev/null
agent-mem add --id a 'Alpha was renamed' >/dev/null
sync
expect_out '0 added, 0 changed, 0 removed; file: 2 written, 0 dropped; 0 conflicts'
agent-mem rm c
sync
expect_out '0 added, 0 changed, 0 removed; file: 0 written, 1 dropped; 0 conflicts'
expect_not grep -q Gamma notes.md
expect_ok grep -q '^Alpha was renamed$' notes.md

it 'keeps both where both have changed, and says so'
agent-mem add --id a 'Alpha by the agent' >/dev/null
edit 's/^Alpha was renamed/Alpha by Ann/'
sync
expect_err_has "note 'a' has changed here and in"
[ "$(text a)" = 'Alpha by the agent' ] || fail 'the agent lost'
run agent-mem search --notes 'Alpha Ann'
expect_out_has 'Alpha by Ann'
expect_ok grep -q '^Alpha by the agent' notes.md
expect_ok grep -q '^Alpha by Ann' notes.md
sync
expect_out '0 added, 0 changed, 0 removed; file: 0 written, 0 dropped; 0 conflicts'

it 'keeps what was removed here but changed there, and the other way round'
agent-mem rm a
edit 's/^Alpha by the agent/Alpha edited/'
sync
expect_err_has 'what is there was kept'
[ "$(text a)" = 'Alpha edited' ] || fail 'lost'
agent-mem add --id a 'Alpha changed again' >/dev/null
edit '/^## a /,/^$/d; /^Alpha edited/,/^$/d'
sync
expect_err_has "'a' was deleted in"
expect_ok grep -q '^Alpha changed again' notes.md

it 'takes nothing for deleted in a file that was saved from before, or cut'
cp notes.md old.md
agent-mem add --id d 'Delta came in between' >/dev/null
agent-mem add --id a 'Alpha, the last' >/dev/null
sync
cp old.md notes.md
printf '## Epsilon\n' >>notes.md
sync
expect_out '1 added, 0 changed, 0 removed; file: 2 written, 0 dropped; 0 conflicts'
[ "$(text d)$(text a)" = 'Delta came in betweenAlpha, the last' ] || fail lost
head -c 40 notes.md >short.md && cp short.md notes.md
sync
[ "$(text d)$(text a)" = 'Delta came in betweenAlpha, the last' ] || fail lost
expect_ok grep -q '^Delta came' notes.md
rm notes.md
sync
expect_ok grep -q '^Delta came' notes.md

it 'leaves what it does not know as it is'
# shellcheck disable=SC2016
printf '# Of the team\r\n\nWords.\n\n```\n## no heading\n```\n\n' >top.md
cat notes.md >>top.md && cp top.md notes.md
sync
expect_ok grep -q '^## no heading$' notes.md
expect_ok cmp -n 30 top.md notes.md

it 'refuses what is no text, and leaves it alone'
printf '## x\n\n\377\376\n' >bad.md
run agent-mem sync bad.md
expect_status 65
mkdir dir.md
run agent-mem sync dir.md
expect_status 66
run agent-mem sync none/x.md
expect_status 66

it 'blanks a secret on its way in'
printf '## Login\n\npassword: hunter2secret\n' >>notes.md
sync
run agent-mem search Login
expect_out_has '[secret]'
sync
expect_out '0 added, 0 changed, 0 removed; file: 0 written, 0 dropped; 0 conflicts'

done_testing
