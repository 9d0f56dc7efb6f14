#!/bin/sh
# shellcheck disable=SC2016,SC2154 # scripts for another shell; status
# A filter of the user's own: it refuses more, never less, and says what.
. "${0%/*}/lib.sh"

need jq
need python3
need_sandbox
mkdir ws
cd ws || exit

# profile DEFAULT [RULE...]: writes profile.json.
profile() {
	t_default=$1
	shift
	printf '{"defaultAction": "SCMP_ACT_%s", "syscalls": [%s]}\n' \
		"$t_default" "$(IFS=,; echo "$*")" >profile.json
}
NO_MKDIR='{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO",
	"errnoRet": 28}'
NO_KILL9='{"names": ["kill"], "action": "SCMP_ACT_ERRNO",
	"args": [{"index": 1, "value": 9, "op": "SCMP_CMP_EQ"}]}'
both() {
	run agent-sandbox --seccomp profile.json "$@" sh -c 'mkdir dir
		sleep 100 & kill -9 $! || kill $!; wait; test ! -d dir'
}

it 'refuses what it names, with its error, and by argument'
profile ALLOW "$NO_MKDIR" "$NO_KILL9"
both
expect_status 0
expect_err_has 'No space left on device' 'Operation not permitted'

it 'tells by name what it refused'
for option in --report --audit; do
	both "$option" ../records
	expect_status 0
	expect_err_has 'No space left on device' 'Operation not permitted'
	jq -r 'select(.type == "sandbox.deny") | .data.name' ../records >names
	for name in kill mkdir; do
		expect_ok grep -qx "$name" names
	done
	rm -f ../records
done

it 'refuses a write that --audit would let pass, and tells ours too'
profile ALLOW '{"names": ["unlink", "unlinkat"], "action": "SCMP_ACT_ERRNO"}'
echo x >kept
run agent-sandbox --seccomp profile.json --audit ../records sh -c \
	'rm -f kept; rm -f /usr/bin/env; unshare -U true'
expect_ok test -e kept
jq -r 'select(.type == "sandbox.deny") | .data.name' ../records >names
expect_ok grep -qx unshare names
expect_ok grep -q unlink names
rm -f ../records

it 'kills, and says who did'
profile ALLOW '{"names": ["mkdir", "mkdirat"],
	"action": "SCMP_ACT_KILL_PROCESS"}'
run agent-sandbox --seccomp profile.json mkdir dir
expect_status 159
expect_err_has '--seccomp'

it 'can never widen: what ours refuses stays refused'
profile ALLOW '{"names": ["unshare", "mount"], "action": "SCMP_ACT_LOG"}'
for options in '' '--report ../records'; do
	# shellcheck disable=SC2086
	run agent-sandbox --seccomp profile.json $options unshare -U true
	expect_not test "$status" -eq 0
	expect_err_has 'Operation not permitted'
done

it 'takes a list of what may be called, and no more'
profile ERRNO '{"names": ["execve", "exit_group", "brk", "futex", "mmap", "munmap",
	 "mprotect", "access", "openat", "read", "write", "close",
	"newfstatat", "fstat", "pread64", "arch_prctl", "set_tid_address",
	"set_robust_list", "rseq", "fadvise64", "lseek", "ioctl", "prlimit64", "getrandom", "faccessat",
	"no_such_call_yet"], "action": "SCMP_ACT_ALLOW"}'
for options in '' '--report ../records'; do
	# shellcheck disable=SC2086
	run timeout 20 agent-sandbox --seccomp profile.json $options cat kept
	expect_status 0
	expect_out x
	# shellcheck disable=SC2086
	run timeout 20 agent-sandbox --seccomp profile.json $options ls
	expect_not test "$status" -eq 0
	# shellcheck disable=SC2086
	run timeout 20 agent-sandbox --seccomp profile.json $options no-such
	expect_status 127
done

it 'says when even the start of the command is refused'
profile ERRNO
for options in '' '--report ../records'; do
	# shellcheck disable=SC2086
	run timeout 20 agent-sandbox --seccomp profile.json $options true
	expect_status 126
done

it 'takes several, and a word beside them'
profile ALLOW "$NO_MKDIR"
mv profile.json first.json
profile ALLOW "$NO_KILL9" '{"names": ["prctl", "seccomp"],
	"action": "SCMP_ACT_ERRNO"}'
both --seccomp ./first.json --seccomp devel
expect_status 0
expect_err_has 'No space left on device' 'Operation not permitted'

it 'is in the rules that hold, and in a profile'
mkdir -p "$HOME/.config/agent"
echo "sandbox: {narrow: {seccomp: $PWD/first.json}}" \
	>"$HOME/.config/agent/config.yaml"
run agent-sandbox --profile narrow --explain
expect_json '.[0].seccomp == "default" and
	(.[0].seccomp_file[0] | endswith("/first.json"))'
run agent-sandbox --profile narrow mkdir dir
expect_status 1

it 'runs nothing when it is wrong, and says why'
while IFS='|' read -r text reason; do
	echo "$text" >wrong.json
	rm -f made
	run agent-sandbox --seccomp ./wrong.json touch made
	[ "$status" -eq 125 ] || fail "$text: status $status"
	expect_err_has "$reason" 'nothing was run'
	expect_not test -e made
done <<'EOF'
{|wrong.json
[]|is no object
{}|'defaultAction' is missing
{"defaultAction": "ALLOW"}|'ALLOW' is no action
{"defaultAction": "SCMP_ACT_NOTIFY"}|needs a program that answers
{"defaultAction": "SCMP_ACT_ALLOW", "syscall": []}|did you mean 'syscalls'
{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": {}}|is no list
{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_S390"]}|'architectures'
{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["nosuch"], "action": "SCMP_ACT_KILL"}]}|no system call 'nosuch'
{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["kill"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5000}]}|syscalls[0]: 'errnoRet'
{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["kill"], "action": "SCMP_ACT_KILL", "args": [{"index": 6, "op": "SCMP_CMP_EQ"}]}]}|'index'
EOF
run agent-sandbox --seccomp strict true
expect_err_has "not 'strict'"

it "takes podman's own profile"
[ -e /usr/share/containers/seccomp.json ] || skip 'there is none'
[ ! -e /usr/share/containers/seccomp.json ] ||
	run agent-sandbox --seccomp /usr/share/containers/seccomp.json \
		python3 -c 'import os; os.mkdir("a"); os.rmdir("a")'
expect_status 0

done_testing
