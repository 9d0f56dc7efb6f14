#!/bin/sh
# An overlay is the same however it is made: by the kernel, by
# fuse-overlayfs, or as a copy.
# shellcheck disable=SC2016,SC2154 # scripts for another shell; status
. "${0%/*}/lib.sh"

need git
need jq
need python3
need_sandbox

# in_box COMMAND: in an overlay of this way.
in_box() {
	run agent-sandbox --overlay-by "$by" --overlay sh -ec "$1"
	[ "$status" -eq 0 ] || fail "status $status"
}

# What the workspace is, to compare: kinds, modes, targets, contents.
look() {
	find . -path ./.git -prune -o ! -name . -printf '%p %y %m %l\n' | sort
	find . -type f -exec cksum {} + | sort
}

fresh() {
	[ ! -d "$HOME/.local" ] || chmod -R u+rwx "$HOME/.local"
	rm -rf "$HOME/.local" "$T_DIR/work/ws"
	mkdir "$T_DIR/work/ws" && cd "$T_DIR/work/ws" || exit
	mkdir -p one/in two/in deep/er/still empty
	echo 1 >one/in/file && echo 2 >two/in/file && echo d >deep/er/still/f
	echo a >a && ln a b && ln -s a link && mkfifo pipe && echo m >mode
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("sock")'
	touch -d '2001-02-03 04:05:06' old
}

# each WHAT CHANGE: after a commit the workspace is what the change makes of it.
each() {
	fresh
	cp b c && mv c b	# no overlay keeps hard links
	sh -ec "$2"
	look >"$T_DIR/work/wanted"
	fresh
	look >"$T_DIR/work/before"
	in_box "$2"
	look | cmp -s - "$T_DIR/work/before" || fail "$1: was not kept aside"
	run agent-sandbox --accept '*' commit
	[ "$status" -eq 0 ] || fail "$1: cannot commit: $(cat "$T_DIR/err")"
	look | diff - "$T_DIR/work/wanted" >"$T_DIR/work/differs" ||
		fail "$1: $(cat "$T_DIR/work/differs")"
	run agent-sandbox diff
	expect_status 66
}

for by in kernel fuse copy; do
	fresh
	it "does all that an overlay does, by $by"
	if ! agent-sandbox --overlay-by "$by" --overlay=probe true 2>"$T_DIR/why"
	then
		skip "not here: $(cat "$T_DIR/why")"
		continue
	fi
	OVERLAY_BY=$by run "$T_SRC/t/t2300-overlay.t"
	expect_status 0
	expect_out_lacks 'not ok' '# skip'

	it "takes every kind of change, by $by"
	while IFS='|' read -r what change; do
		# fuse-overlayfs 1.10 cannot
		[ "$by $what" = 'fuse trees exchanged' ] ||
			each "$what" "$change"
	done <<-'EOF'
	nothing|:
	files|echo x >>a; rm mode; echo new >new; chmod 600 old; : >empty/not
	empty directories|rmdir empty; mkdir void; chmod 700 one
	links|ln -snf b link; ln -s nowhere other; rm pipe; mkfifo another
	a tree removed|rm -r deep
	a tree made again|rm -r deep; mkdir -p deep/er; echo n >deep/er/new
	trees exchanged|mv one t; mv two one; mv t two
	a file for a tree|rm -r deep; echo f >deep; rm a; mkdir a; echo i >a/i
	the same bytes|cp a c; mv c a; touch old
	what looks the same|printf z >mode; touch -r old mode; touch -r old a
	odd names|echo x >"a b"; echo x >-n; echo x >"$(printf "q\nr")"
	EOF

	it "is told, and entered again, by $by"
	fresh
	in_box 'echo kept >new'
	run agent-sandbox --overlay --report "$T_DIR/work/r" cat new
	expect_out kept
	jq -es --arg by "$by" '.[0].data.overlay ==
		{"name": "default", "by": $by}' "$T_DIR/work/r" >/dev/null ||
		fail 'not in the report'
	rm "$T_DIR/work/r"
	run agent-sandbox --overlay --explain
	expect_json ".[0].overlay.by == \"$by\""
	for other in kernel copy; do
		[ "$other" != "$by" ] || continue
		run agent-sandbox --overlay --overlay-by "$other" true
		expect_status 125
		expect_err_has 'discard it first'
	done
	run agent-sandbox discard
	expect_status 0

	it "leaves no mount and no process, by $by"
	expect_not grep -qF "$HOME/.local" /proc/self/mounts
	expect_not grep -qzsF "$HOME/.local" /proc/[0-9]*/cmdline
done

it 'copies no more than it may, unless asked'
fresh
rm pipe
head -c 3000000 /dev/zero >big
if cp --reflink=always big big2 2>/dev/null; then
	skip 'blocks are shared here'
else
	run agent-sandbox --overlay --overlay-by copy --overlay-max 2M true
	expect_status 125
	expect_err_has 'more than 2 MiB' '--overlay-max'
	run agent-sandbox diff
	expect_status 66
	run agent-sandbox --overlay --overlay-by copy --overlay-max 4M true
	expect_status 0
fi

it 'makes a copy anew that was killed half way'
fresh
agent-sandbox --overlay --overlay-by copy true
rm "$HOME"/.local/state/agent/overlay/*/default/since
echo later >later
run agent-sandbox --overlay --overlay-by copy cat later
expect_out later

it 'shows which way there is'
run agent-sandbox --check
expect_out_has 'overlay'

done_testing
