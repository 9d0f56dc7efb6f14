# shellcheck shell=sh
# devcrew.sh: a repository, an issue and what the crew says to it, recorded:
#
#	. "$T_SRC/t/recording.sh"
#	. "$T_SRC/t/devcrew.sh"
#	crew_repository	# in the current directory
#
# The coder forgets a greeting, the tests find it, the reviewer wants a
# comment: every agent has something to do, in two rounds.

# by AGENT PROGRAM: a condition on a request of that agent.
by() {
	printf '(.messages[0].content | contains("the agent '"'%s'"'")) and (%s)' \
		"$1" "$2"
}

first='(.messages | length) == 2'
later='.messages[-1].role == "tool"'

# works AGENT TEXT COMMAND: given a task with that text it runs a command, once
# more when it is told that it was broken off in it, and is done.
works() {
	calls "$(by "$1" "(.messages[1].content | contains(\"$2\")) and ($first or
		(.messages[-1].content | startswith(\"error: interrupted\")))")" \
		shell "$(jq -nc --arg c "$3" '{command: $c}')"
}

crew_recording() {
	answer "$(by manager "$first")" '{"parts": [
		{"id": "hello", "title": "Greet the world", "files": ["hello.sh"],
			"text": "write hello.sh"},
		{"id": "bye; $(x)", "title": "Say bye $(touch evil)",
			"files": ["bye it.sh"], "text": "write bye it.sh"}]}'
	works coder 'write hello.sh' \
		'echo "echo helo" >hello.sh'
	works coder 'write bye it.sh' \
		'echo "echo bye" >"bye it.sh"'
	works tester 'not hello' \
		'echo "echo hello" >hello.sh'
	works coder 'a comment, please' \
		'printf "# greets\necho hello\n" >hello.sh'
	answer "$(by coder "$later")" 'Done.'
	answer "$(by tester "$later")" 'Mended.'
	answer "$(by reviewer '.messages[-1].content | contains("# greets")')" \
		'{"verdict": "approve", "remarks": "fine"}'
	answer "$(by reviewer 'true')" \
		'{"verdict": "change", "remarks": "a comment, please"}'
	answer "$(by integrator "$first")" \
		'{"title": "Greet and say bye", "body": "It was `asked` for."}'
}

crew_repository() {
	cp "$T_SRC"/templates/flows/devcrew.flow.yaml .
	sed 's/^defaults:/&\n  model: replay:rec/' \
		"$T_SRC/templates/flows/agents.yaml" >agents.yaml
	crew_recording >rec
	cat >Makefile <<'END'
test:
	[ ! -e hello.sh ] || [ "$$(sh hello.sh)" = hello ] || { echo not hello; false; }
END
	echo 'It should greet, and say "bye". $(touch evil)' >issue.md
	git init -q -b main .
	git config user.name Crew
	git config user.email crew@example.org
	git add -A
	git commit -q -m begin
}
