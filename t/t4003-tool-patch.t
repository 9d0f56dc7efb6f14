#!/bin/sh
# agent-tool: apply_patch, unified diffs as models write them.
. "${0%/*}/lib.sh"

# patch: the diff on stdin is applied.
patch() {
	jq -Rs '{patch: .}' >patch.json
	run agent-tool call apply_patch "$(cat patch.json)"
}

seq 1 20 >n
cp n n.orig

it 'changes, makes and removes files'
echo gone >old
patch <<'END'
Here is the patch:
diff --git a/n b/n
--- a/n
+++ b/n
@@ -2,3 +2,4 @@
 2
-3
+three
+and a half
 4
@@ -18,3 +19,2 @@
 18
-19
 20
--- /dev/null
+++ b/sub/new
@@ -0,0 +1,2 @@
+one
+two
--- a/old
+++ /dev/null
@@ -1 +0,0 @@
-gone

That is all.
END
expect_status 0
expect_out 'changed n
created sub/new
removed old'
expect_file sub/new 'one
two'
expect_not [ -e old ]
expect_ok [ "$(sed -n '3,4p;19,20p' n | tr '\n' ,)" = 'three,and a half,18,20,' ]

it 'does not mind wrong numbers'
cp n.orig n
patch <<'END'
--- n
+++ n
@@ -200,7 +200,9 @@
 7
-8
+eight
@@ @@
 14
-15
 16
END
expect_status 0
expect_ok [ "$(sed -n '8p;14,15p' n | tr '\n' ,)" = eight,14,16, ]

it 'refuses what fits in two places, unless the number says which'
printf 'a\nx\nb\nx\n' >twice
patch <<'END'
--- twice
+++ twice
@@ -9 +9 @@
-x
+y
END
expect_status 1
expect_err_has "fits 'twice' in 2 places"
patch <<'END'
--- twice
+++ twice
@@ -4 +4 @@
-x
+y
END
expect_status 0
expect_file twice 'a
x
b
y'

it 'applies all of it or nothing'
cp n.orig n
patch <<'END'
--- a/n
+++ b/n
@@ -1 +1 @@
-1
+one
--- a/twice
+++ b/twice
@@ -1 +1 @@
-nothing like it
+z
END
expect_status 1
expect_err_has "does not fit 'twice'"
expect_ok cmp -s n n.orig
[ "$(id -u)" -eq 0 ] || {
	mkdir -p shut && echo 1 >shut/f && chmod 500 shut
	patch <<'END'
--- a/n
+++ b/n
@@ -1 +1 @@
-1
+one
--- a/shut/f
+++ b/shut/f
@@ -1 +1 @@
-1
+2
END
	expect_status 1
	expect_ok cmp -s n n.orig
}

it 'keeps the ends of lines, and files without a last newline'
printf 'a\r\nb\r\nc' >dos
patch <<'END'
--- dos
+++ dos
@@ -1,3 +1,3 @@
 a
-b
+B
 c
\ No newline at end of file
END
expect_status 0
expect_ok [ "$(od -An -c dos | tr -d ' ')" = 'a\r\nB\r\nc' ]
printf 'a' >open
patch <<'END'
--- open
+++ open
@@ -1 +1,2 @@
 a
+b
END
expect_ok [ "$(od -An -c open | tr -d ' ')" = 'a\nb\n' ]

it 'takes two parts for one file'
cp n.orig n
patch <<'END'
--- a/n
+++ b/n
@@ -1 +1 @@
-1
+one
--- a/n
+++ b/n
@@ -2 +2 @@
-2
+two
END
expect_status 0
expect_ok [ "$(head -n 2 n | tr '\n' ,)" = one,two, ]

it 'says what is no patch'
echo hello >d
patch <d
expect_status 1
expect_err_has 'no unified diff'
printf -- '--- a/n\n+++ b/n\n' >d
patch <d
expect_err_has "no hunk for 'n'"
printf 'rename from n\n--- a/n\n+++ b/m\n@@ -1 +1 @@\n-1\n+2\n' >d
patch <d
expect_err_has 'nothing renamed'
printf -- '--- /dev/null\n+++ b/n\n@@ -0,0 +1 @@\n+x\n' >d
patch <d
expect_err_has "'n' is there already"
printf -- '--- a/none\n+++ b/none\n@@ -1 +1 @@\n-x\n+y\n' >d
patch <d
expect_err_has "there is no 'none'"

it 'keeps the mode, and does as diff(1) does'
i=0
while [ $i -lt 20 ]; do
	i=$((i + 1))
	shuf -i 1-60 -n 40 | sort -n >from
	chmod 755 from
	shuf -i 1-60 -n 40 | sort -n >to
	diff -u --label a/from --label b/from from to >d
	patch <d
	expect_status 0
	expect_ok cmp -s from to
	expect_ok [ -x from ]
done

done_testing
