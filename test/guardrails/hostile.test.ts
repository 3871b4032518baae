import fc from 'fast-check';
import { expect, test } from 'vitest';
import { actionsIn, actionsOf } from '../../packages/core/src/guardrails/actions.ts';
import { type Context, contexts } from '../../packages/core/src/guardrails/context.ts';
import { check, violationsIn } from '../../packages/core/src/guardrails/engine.ts';
import { atOnce } from '../../packages/core/src/slices.ts';
import { longPieces, pieces } from './hostile_pieces.ts';

// Whoever may call at all may send such texts: none may hold the process for long. What they took before was seconds, or
// for ever; the limit leaves room for a machine that is busy.
const limit = 1000;
const size = 65_536;

const took = (text: string, context: Context | undefined) => {
  const begun = performance.now();
  check({ text, context });
  return performance.now() - begun;
};
const tookAsField = (value: unknown) => {
  const begun = performance.now();
  for (const action of atOnce(actionsIn('input', value))) atOnce(violationsIn(action.text, action.context, []));
  return performance.now() - begun;
};
const slowest = (text: string) =>
  Math.max(
    ...[text, { command: text }, { query: text }, { [text]: text }].map(tookAsField),
    ...[undefined, ...contexts].map((context) => took(text, context)),
  );

test.for([...pieces, ...longPieces])('%j over and over is judged soon', (piece) => {
  const times = Math.floor((size - 8) / piece.length);
  for (const text of [piece.repeat(times), `select ${piece.repeat(times)}x`]) expect(slowest(text)).toBeLessThan(limit);
});

test('of lines that may be commands so many are looked at in a call, and the rest is taken for such', () => {
  const text = 'a;b\n'.repeat(20_000);
  const fields = Array.from({ length: 12 }, (_, index) => ({ field: `input.${index}`, value: text }));
  const begun = performance.now();
  const actions = atOnce(actionsOf(fields));
  expect(performance.now() - begun).toBeLessThan(limit);
  const isStopped = ({ text: part, context }: (typeof actions)[number]) =>
    atOnce(violationsIn(part, context, [])).some(({ rule }) => rule === 'too_complex');
  expect(actions.some(isStopped)).toBe(true);
});

test('what is composed of such pieces is judged soon', { timeout: 120_000 }, () => {
  const part = fc.tuple(fc.constantFrom(...pieces), fc.integer({ min: 1, max: 4000 }));
  const property = fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
    const text = parts
      .map(([piece, times]) => piece.repeat(times))
      .join('')
      .slice(0, size);
    expect(slowest(text)).toBeLessThan(limit);
  });
  fc.assert(property, { numRuns: 25 });
});

test('what variables grow to is counted, and blocked beyond the budget', () => {
  const doubled = Array.from({ length: 60 }, (_, index) => `a${index + 1}=$a${index}$a${index}`).join('\n');
  const wide = `a=${'x'.repeat(20_000)}\n${'echo $a\n'.repeat(200)}`;
  const grown = `echo ${'a'.repeat(30_000)} | sed s/a/${'b'.repeat(30_000)}/g | sh`;
  for (const text of [`${doubled}\nrm $a60`, wide, grown]) {
    const { verdict, violations } = check({ text, context: 'shell' });
    expect(verdict).toBe('block');
    expect(violations.map(({ rule }) => rule)).toContain('too_complex');
  }
});

/** Texts whose cost would be commands times length: something long that each of many commands looks at again. */
const long = 60_000;
const lengthening: Record<string, string> = {
  'here-documents that none ends': `cat ${'<<a'.repeat(87_000)}`,
  'a folder that each cd makes longer': `cd ${'a/'.repeat(24)};`.repeat(4900),
  'a folder that goes up with each cd': `cd ${'../'.repeat(16)};`.repeat(4900),
  'a long folder, and subshells that go on': `pushd ${'x/'.repeat(long)};${'(pushd a);'.repeat(13_000)}`,
  'a long folder, and deletions in it': `cd ${'x/'.repeat(long)};${'rm -rf a b c;'.repeat(10_000)}`,
  'a long folder below an unknown one': `cd $x;${`cd ${'a/'.repeat(24)};`.repeat(4800)}`,
  'a function with a long argument': `f(){ aws ${'a'.repeat(long)}; };${'f;'.repeat(14_000)}`,
  'a function with many arguments': `f(){ rm ${'a/'.repeat(long)}; };${'f;'.repeat(14_000)}`,
  'a function that prints much': `f(){ echo ${'a'.repeat(long)}; };${'f;'.repeat(14_000)}`,
  'a long file that many clients of a database read': `cat > x <<'E'\n${'abcde'.repeat(12_000)}\nE\n${'clickhouse <x;'.repeat(14_000)}`,
  'many variables, and shells that copy them': `${Array.from({ length: 4000 }, (_, i) => `v${i}=1;`).join('')}${'sh -c :;'.repeat(10_000)}`,
  'arguments that are shifted one by one': `set -- ${'a '.repeat(30_000)};${'shift;'.repeat(13_000)}`,
  'an array that each command makes longer': `a=(${'a '.repeat(30_000)});${'a+=(b);'.repeat(13_000)}`,
  'elements of a long array': `a=(${'a '.repeat(30_000)});${`ls \${a[5]};`.repeat(13_000)}`,
  'patterns that fit many programs': '/bin/*[a-z]*[a-z]*[!x]* -rf a;'.repeat(7000),
  'programs that start each other': 'foo sudo foo rm '.repeat(16_000),
  'a script of sed that is all separators': `sed '${'; '.repeat(120_000)}'`,
  'a script of sed that opens substitutions': `sed '${';s/a'.repeat(60_000)}'`,
  'a list that xargs hands on one by one': `printf '${'a '.repeat(100_000)}' | xargs -n1 sh -c`,
  'a list with quotes that stay open': `echo "${`'"\\`.repeat(40_000)}" | xargs ls`,
  'a mark that stands often in a command': `printf '${'a\\n'.repeat(20_000)}' | xargs -I% echo ${'%'.repeat(50_000)}`,
  'a program of awk with many pipes': `awk '${'a b c | getline;'.repeat(15_000)}'`,
  'a program of awk that prints much': `awk '${'print "ab" "cd", $1;'.repeat(11_000)}'`,
  'Lisp with brackets and texts that stay open': `emacs --eval '${'(a "\\" '.repeat(30_000)}'`,
  'Tcl that starts many programs': `tclsh <<'E'\n${'exec [exec send "\\" '.repeat(12_000)}\nE`,
  'variables that refer to each other': `${Array.from({ length: 4000 }, (_, i) => `declare -n v${i}=v${i + 1};`).join('')}${'echo $v0;'.repeat(9000)}`,
  'programs that are renamed over and over': Array.from({ length: 9000 }, (_, i) => `cp /bin/rm x${i};x${i} a;`).join(
    '',
  ),
  'many options that hold commands': `tar ${"-I 'a b' ".repeat(25_000)}`,
  'a makefile that starts many shells': `make -f - <<'E'\n${'a := $(shell b $(shell '.repeat(10_000)}\nE`,
  'names in arithmetic that stand for each other': `${Array.from({ length: 2000 }, (_, i) => `v${i}=v${i + 1};`).join('')}${'((v0));'.repeat(6000)}`,
  'subscripts that hold others twice': `${Array.from({ length: 22 }, (_, i) => `v${i}='a[$((v${i + 1}))$((v${i + 1}))]';`).join('')}((v0))`,
  'a long text that many commands are written': `echo '${'ls;'.repeat(4000)}' | tee ${'>(sh) '.repeat(9000)}`,
  'commands that are written to in turn': `echo a | ${'tee >('.repeat(100)}sh${')'.repeat(100)}`,
  'aliases of git that stand for two others': `${Array.from({ length: 90 }, (_, i) => `git config alias.a${i} '!git a${i + 1}; git a${i + 1}';`).join('')}git a0`,
  'a prompt that is long and shown often': `x='${'$(a) '.repeat(6000)}';${`: \${x@P};`.repeat(7000)}`,
  'functions that may be either of two': `${Array.from({ length: 22 }, (_, i) => `false && f${i}(){ f${i + 1}; };false && f${i}(){ f${i + 1};f${i + 1}; };`).join('')}f0`,
  'functions that call others twice': `${Array.from({ length: 20 }, (_, i) => `f${i}(){ f${i + 1};f${i + 1}; };`).join('')}f0`,
};
test.for(Object.entries(lengthening))('%s: judged soon', ([, text]) => {
  expect(text.length).toBeLessThanOrEqual(262_144);
  const begun = process.cpuUsage();
  check({ text, context: 'shell' });
  const { user, system } = process.cpuUsage(begun);
  expect((user + system) / 1000).toBeLessThan(limit);
});

test('deletions in the conditions of deletions: judged soon', () => {
  const begun = process.cpuUsage();
  check({
    text: `${'delete from a where x=1 or ('.repeat(98)}${'a '.repeat(34_000)}${')'.repeat(98)}`,
    context: 'sql',
  });
  const { user, system } = process.cpuUsage(begun);
  expect((user + system) / 1000).toBeLessThan(limit);
});

test('a long note in a heredoc is allowed, in whatever letters', () => {
  const line = 'Some text of a note, with words — and dashes “quoted”.\n';
  const text = `cat > notes.md <<'EOF'\n${line.repeat(4400)}EOF`;
  expect(text.length).toBeGreaterThan(230_000);
  expect(check({ text }).verdict).toBe('allow');
});

test('after many steps of a usual length a folder is still known', () => {
  const text = `${'cd src; cd ..; '.repeat(200)}cd ..; rm -rf *`;
  const rules = check({ text, context: 'shell' }).violations.map(({ rule }) => rule);
  expect(rules).toEqual(['recursive_delete_root']);
});

const repeated: [text: string, context: Context][] = [
  ['git push -f; # x\n', 'shell'],
  ['push -f;\n', 'git'],
  ['drop table a;\n', 'sql'],
  ['os.system("rm -rf a")\n', 'code'],
  ['/etc/passwd\n', 'path'],
];
test.for(repeated)('%j many times is read in slices as %s', ([line, context]) => {
  let pauses = 0;
  for (const _ of violationsIn(line.repeat(1000), context, [])) pauses += 1;
  expect(pauses).toBeGreaterThan(10);
});

test('calls that are not judged cost no more than to be read, and calls in calls are counted', () => {
  const rulesIn = (text: string) => check({ text, context: 'code' }).violations.map(({ rule }) => rule);
  for (const piece of ['a(', 'f($', 'a(b(c(']) expect(rulesIn(piece.repeat(1900))).toEqual([]);
  expect(rulesIn('rm('.repeat(1266))).toContain('too_complex');
  expect(rulesIn(`${'a('.repeat(1900)}os.system("rm -rf /")`)).toContain('recursive_delete_root');
});
