#!/bin/sh
# agent-mem: export, import, edit; and other readers of the file.
. "${0%/*}/lib.sh"

need sqlite3
export AGENT_MEMORY="$PWD/m.db"
printf '%s\n' '{"id":"a","text":"first\n## not a heading\nlast","tags":["x","two words"],"time":"2025-01-01T12:00:00Z"}' \
	'{"id":"b","text":"second","author":"ann","time":"2025-02-01T12:00:00Z"}' \
	'{"id":"c c","text":"third","time":"2025-03-01T12:00:00Z"}' |
	agent-mem add --format ndjson >/dev/null

it 'goes through Markdown and back'
run sh -c 'agent-mem export --format markdown >notes.md &&
	agent-mem -f md.db import --format markdown notes.md &&
	agent-mem -f md.db export | jq -c "[.id, .text, .tags]"'
expect_status 0
expect_out '["a","first\n## not a heading\nlast",["x","two words"]]
["b","second",null]
["c c","third",null]'

# edit SCRIPT: agent-mem edit with a sed script as the editor.
edit() {
	printf '%s\n' "$1" >script
	printf '#!/bin/sh\nsed -i -f script "$%s"\n' 1 >ed.sh
	chmod +x ed.sh
	run env EDITOR="$PWD/ed.sh" agent-mem edit
}

it 'edits: nothing'
edit ''
expect_status 0
expect_out '0 changed, 0 added, 0 removed'

it 'edits: a text and a tag'
edit 's/^second.*/second, better/; s/^\(## b .*\)/\1 #new/'
expect_out '1 changed, 0 added, 0 removed'
run agent-mem show --format ndjson b
expect_json '.[0].text == "second, better" and .[0].tags == ["new"] and
	.[0].time == "2025-02-01T12:00:00.000Z" and .[0].author == "ann"'

it 'edits: adds what stands under a new heading'
cat >ed.sh <<'END'
#!/bin/sh
printf '## A new thing #fresh\n\nits text\n' >>"$1"
END
run env EDITOR="$PWD/ed.sh" agent-mem edit
expect_out '0 changed, 1 added, 0 removed'
run agent-mem search --format ndjson 'new thing'
expect_json '.[0].tags == ["fresh"] and .[0].text == "A new thing\n\nits text"'

it 'edits: removes what was deleted, and undo brings it back'
cat >ed.sh <<'END'
#!/bin/sh
sed -i '/^## b /,/^$/d; /^second/,/^$/d' "$1"
END
run env EDITOR="$PWD/ed.sh" agent-mem edit
expect_out '0 changed, 0 added, 1 removed'
run agent-mem undo
run agent-mem show b
expect_out 'second, better'

it 'edits: leaves a note alone that somebody else has changed'
cat >ed.sh <<'END'
#!/bin/sh
agent-mem add --id b 'changed meanwhile' >/dev/null
sed -i 's/^second.*/mine/' "$1"
END
run env EDITOR="$PWD/ed.sh" agent-mem edit b
expect_err_has "'b' has been changed meanwhile"
run agent-mem show b
expect_out 'changed meanwhile'

it 'edits: nothing when the editor fails'
run env EDITOR=false agent-mem edit
expect_status 1

it 'reads what llm(1) keeps'
sqlite3 embeddings.db "create table collections (id integer primary key,
	name text, model text); create table embeddings (collection_id integer,
	id text, embedding blob, content text, metadata text, updated integer);
	insert into collections values (1, 'docs', 'm');
	insert into embeddings values (1, 'k', null, 'kept by llm', null, 1700000000)"
run agent-mem -f llm.db import embeddings.db
expect_status 0
run agent-mem -f llm.db export
expect_json '.[0] | .id == "llm-docs-k" and .text == "kept by llm" and
	.tags == ["docs"] and .time == "2023-11-14T22:13:20.000Z"'
sqlite3 logs.db "create table responses (id text, model text, prompt text,
	response text, datetime_utc text); insert into responses values
	('r1', 'gpt', 'why is grass green', 'chlorophyll', '2025-03-01T10:00:00')"
run agent-mem -f llm.db import logs.db
expect_status 0
run agent-mem -f llm.db search --format ndjson chlorophyll
expect_json '.[0] | .id == "llm-r1" and .author == "gpt" and
	.time == "2025-03-01T10:00:00.000Z"'
sqlite3 strange.db 'create table t (x)'
run agent-mem -f llm.db import strange.db
expect_status 65

it 'shows its views to sqlite3'
agent-mem set k v
echo s | agent-mem save st >/dev/null
agent-mem push l item
run sqlite3 m.db "select id, author, superseded_by from notes where id = 'b';
	select tag from tags where note = 'a' order by 1; select key, value from keys;
	select key, value from lists; select name, version, size from states;
	select count(*) > 5 from history; select count(*) from documents"
expect_out 'b||
two words
x
k|v
l|item
st|1|2
1
0'

it 'lets sqlite3 read while it writes'
seq 400 | sed 's/.*/{"text":"note number &"}/' >many
background sh -c 'agent-mem add --format ndjson <many >added'
for _ in 1 2 3 4 5 6 7 8 9 10; do
	sqlite3 m.db 'select count(*) from notes' >>counts || echo failed >>counts
done
expect_not grep -q failed counts
await 20 grep -q result added

it 'brings an older one up to date, also to read it, and keeps a copy'
agent-mem -f old.db add 'from before' >/dev/null
sqlite3 old.db 'drop table mirror; drop table meta; pragma user_version = 1;
	pragma wal_checkpoint(truncate)' >/dev/null
run agent-mem -f old.db search before
expect_status 0
run sqlite3 old.db.v1 'pragma user_version; select text from notes'
expect_out '1
from before'
run agent-mem -f old.db check
expect_status 0

it 'merges what says the same, and keeps it'
run agent-mem -f c.db add 'The pump of the greenhouse is serviced in May'
run agent-mem -f c.db add --id newer 'pumps of greenhouse: serviced in May'
run agent-mem -f c.db add 'The pump of the greenhouse is not serviced in May'
run agent-mem -f c.db add 'The pump of the greenhouse is serviced 3 times in May'
run agent-mem -f c.db consolidate
expect_out '0 expired, 1 merged'
run agent-mem -f c.db search --format ndjson 'greenhouse pump'
expect_json 'map(.superseded_by) | contains(["newer"])'

done_testing
