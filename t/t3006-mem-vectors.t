#!/bin/sh
# agent-mem: finding by meaning, with any program as the embedder.
. "${0%/*}/lib.sh"

export AGENT_MEMORY="$PWD/m.db"

. "$T_SRC/t/embedder.sh"
printf '#!/bin/sh\ncat >/dev/null\necho "{\\"embedding\\":[1,2]}"\n' >short
chmod +x short
printf '%s\n' '{"id":"a","text":"the hound sleeps"}' \
	'{"id":"b","text":"a limousine was washed"}' \
	'{"id":"c","text":"hot soup at noon"}' \
	'{"id":"d","text":"seven green bottles"}' |
	agent-mem add --format ndjson >/dev/null

it 'finds nothing by words that no note has'
run agent-mem search --exact kitten
expect_status 1

it 'finds by meaning once notes have vectors'
run agent-mem embed --embedder ./embedder --format ndjson
expect_status 0
expect_json 'last.data.count == 4'
run agent-mem search --exact --embedder ./embedder --explain --format ndjson kitten
expect_json '.[0].id == "a" and .[0].explain.vector_rank == 1'
run agent-mem search --exact --embedder ./embedder --format ndjson 'dinner'
expect_json '.[0].id == "c"'

it 'does not ask again for what has one'
run agent-mem embed --embedder ./embedder --format ndjson
expect_json 'last.data.count == 0'

it 'gives a note that was changed a new one'
agent-mem add --id d 'the truck is late' >/dev/null
run agent-mem embed --embedder ./embedder --format ndjson
expect_json 'last.data.count == 1'
run agent-mem search --exact --embedder ./embedder --format ndjson limousine
expect_json '[.[0, 1].id] | sort == ["b", "d"]'

it 'searches by words when the embedder is away, and says so'
run agent-mem search --embedder ./broken --format ndjson soup
expect_status 0
expect_json '.[0].id == "c"'
expect_err_has 'searching by words alone'
run agent-mem search --embedder ./none --format ndjson soup
expect_status 0
expect_json '.[0].id == "c"'

it 'fails to embed without one, and loses nothing'
run agent-mem embed --embedder ./broken
expect_status 69
run agent-mem embed --embedder ./short
expect_status 76
run agent-mem check
expect_status 0

it 'takes vectors that come with notes'
seq 40 | awk '{ printf "{\"id\":\"v%d\",\"text\":\"thing %d\",\"model\":\"mine\",\"vector\":[%d,%d,1]}\n", $1, $1, $1 % 7, $1 % 5 }' |
	agent-mem -f v.db add --format ndjson >/dev/null
run agent-mem -f v.db stats --format ndjson
expect_json '.[0].vectors == 40'
printf '%s\n' '{"text":"x","vector":["a"]}' '{"text":"y","vector":[0,0]}' >bad
run agent-mem -f v.db add --format ndjson <bad
expect_status 65

it 'makes a file to map of many, and does without'
perl -e 'srand 7; for (1 .. 17000) { printf "{\"id\":\"m%d\",\"text\":\"%s\",\"model\":\"toy\",\"vector\":[%s]}\n",
	$_, $_, join ",", map { int rand 1000 } 1 .. 16 }' |
	agent-mem -f many.db add --format ndjson >told
expect_ok test -f many.db-vec.1
run agent-mem -f many.db search --exact --embedder ./embedder --format ndjson hound
expect_status 0
jq -r 'select(.score) | .id' "$T_DIR/out" >with
expect_ok test -s with
rm many.db-vec.1
run agent-mem -f many.db search --exact --embedder ./embedder --format ndjson hound
jq -r 'select(.score) | .id' "$T_DIR/out" >without
expect_ok cmp with without

it 'does not use a file that is not its own'
agent-mem -f many.db rm m1
head -c 3000000 /dev/urandom >many.db-vec.1
run agent-mem -f many.db search --exact --embedder ./embedder --format ndjson hound
jq -r 'select(.score) | .id' "$T_DIR/out" >third
expect_ok cmp with third

it 'is sound, also after kills while embedding'
for ms in 5 20 60; do
	agent-mem -f many.db embed --embedder ./embedder --model other &
	perl -e 'select undef, undef, undef, $ARGV[0] / 1000' "$ms"
	kill -9 $! 2>/dev/null
	wait $! 2>/dev/null
	run agent-mem -f many.db check
	expect_status 0
done

done_testing
