import { expect, test } from 'vitest';
import { actionsIn } from '../../packages/core/src/guardrails/actions.ts';
import { violationsOf } from '../../packages/core/src/guardrails/guarded.ts';
import { atOnce } from '../../packages/core/src/slices.ts';

const database = { call: async () => ({ rules: [], version: 0 }) };

/** The rules that `submit_work` finds a description to fall under. */
async function rulesOf(description: string) {
  const actions = atOnce(actionsIn('description', description));
  const { violations } = await violationsOf(actions, database as never, { project_id: 1, session_id: 'x' });
  return violations.map(({ rule }) => rule);
}

test.for([
  // Closed by a longer fence, with space behind it, indented by three.
  '```python\nprint(1)\n````\n\n````bash\nrm -rf /\n````',
  '```python\nprint(1)\n````\n\nrm -rf /',
  '```json\n{}\n`````\nNow run `rm -rf /` please',
  '~~~python\nx\n~~~~\nrm -rf /',
  '```python\nx\n   ```  \t\nrm -rf /\n\n```python\nx\n```',
  // Content of one block looks like the end of it, what ends it like the beginning of another.
  '```python\nx\n~~~\n```\nSome prose sentence is here. The next is needed.\n\nrm -rf /',
  '````python\nx\n```\n````\nSome prose sentence is here.\n\nRun `rm -rf /` now.\n\nThe end.',
  '~~~python\nx\n```\n~~~\n\nrm -rf /\n\n```python\nx\n```',
  '```python\nx\n    ```\n```\nrm -rf /\n\n```python\nx\n```',
  // Longer fences, and what stands behind them.
  '````bash\nx=rm\n$x -rf /\n````',
  '`````sh\ncd /\nrm -rf *\n`````',
  '~~~~ bash `x`\ncd /\nrm -rf *\n~~~~',
  '``` { .bash }\ncd /\nrm -rf *\n```',
  '```python x`\nrm -rf /\n\n```python\nx\n```',
  // Where the quotation or the list ends.
  '> ```python\n> x\n\nrm -rf /\n\n```python\nx\n```',
  '> > ```python\n> > x\n> rm -rf /\n\n```python\nx\n```',
  '> ```python\n> x\n\n```bash\ncd /\nrm -rf *\n```',
  '- ```python\n  x\n\nrm -rf /\n\n```python\nx\n```',
  '1. ```bash\n   cd /\n   rm -rf *\n   ```',
  '- a\n\n  - b\n\n        x\n\n    ```bash\n    cd /\n    rm -rf *\n    ```',
  '- > ```bash\n  > cd /\n  > rm -rf *\n  > ```',
  '-\t```bash\n\tcd /\n\trm -rf *\n\t```',
  '- ```python\n  x\n  ```\n  ```bash\n  cd /\n  rm -rf *\n  ```',
  // Indented by four it is none.
  '    ```python\n\nrm -rf /\n\n    ```',
  '\t```python\n\nrm -rf /\n\n\t```',
  '-     ```python\n\nrm -rf /\n\n      ```',
  // In a comment and the like it is none.
  '<!--\n```python\n-->\n\nrm -rf /\n\n```python\nx\n```',
  '<!--\n```python\n-->\n\n~~~bash\ncd /\nrm -rf *\n~~~\n\n```\nx\n```',
  '<pre>\n```python\n</pre>\n\nrm -rf /\n\n```\nx\n```',
  // Without a language, and with sentences.
  '```\nTo clean up, do the following.\nrm -rf /\n```',
  '```\nClean up:\n\nrm -rf /\nls -la\n```',
  '```\nClean up:\n\nrm \\\n  -rf /\n```',
  '```\nimport os;\nrm -rf /\n```',
  '```\n@ann, please:\n\nrm -rf /\n```',
  '```\nann@host:~$ ls\nfile1 file2, and the rest is here.\nann@host:~$ rm -rf /\n```',
  '```text\nTo clean up:\n\nrm \\\n  -rf /\n```',
  // Nothing closes it, or the next one begins before.
  '```python\nprint(1)\n\nNow clean up:\n\nrm -rf /',
  '```json\n{}\n\nRun `rm -rf /` now.',
  '```sql\nselect 1;\n\nThen:\n\nrm -rf /',
  "```bash\nnpm test\n\nDon't wait.\n\nrm -rf /\n\nIt isn't hard.",
  '```python\nx\n\n~~~bash\ncd /\nrm -rf *\n~~~',
  '```python\nx\n\n~~~sql\nselect 1;\n\nrm -rf /',
  '```python\nx\n\nrm -rf /\n\n```js\nx\n```',
  '```python\nx\n\n```bash\ncd /\nrm -rf *\n```',
  '```python\n`````json\n```\nrm -rf /\n`````',
  '> ```python\n> rm -rf /\n> ```js\n> x\n> ```',
  '```python\nx\n```\u00a0\nrm -rf /\n\n```',
  // A document within the text.
  '````markdown\n# Notes\n\n```bash\ncd /\nrm -rf *\n```\n````',
  '````md\nClean up:\n\nrm -rf /\n````',
  '````md\n```python\nx\n````\n\nrm -rf /',
])('%j holds a command', async (text) => {
  expect(await rulesOf(text)).toContain('recursive_delete_root');
});

const python = `import subprocess

COMMANDS = [
    "rm -rf /",
    'git push --force',
]

def clean(path="/"):
    """Removes what rm -rf / would.

    \`\`\`bash
    "rm -rf /"
    \`\`\`
    """
    command = "rm -rf /"
    assert refused("git push --force origin main")
    # rm -rf / is refused
    raise ValueError("rm -rf / is refused")
`;
const json = `{
  "command": "rm -rf /",
  "argv": ["rm", "-rf", "/"],
  "commands": [
    "rm -rf /",
    "git push --force"
  ],
  "sql": "DROP TABLE users;"
}
`;
const javascript = `const refused = ['rm -rf /', 'git push --force'];
test('rm -rf / is refused', () => {
  expect(check({ text: 'rm -rf /' }).verdict).toBe('block');
  exec("rm -rf /tmp/x", done);
  return refused.map((each) => \`git \${each}\`);
});
export default refused;
`;

test.for([
  ...Object.entries({ python, json, js: javascript }).flatMap(([language, code]) => [
    `\`\`\`${language}\n${code}\`\`\``,
    `\`\`\`\n${code}\`\`\``,
    `\`\`\`text\n${code}\`\`\``,
    `\`\`\`${language}\n${code}`,
    `\`\`\`${language}\n${code}\n\`\`\`${language}\n${code}\`\`\``,
    `<!--\n\`\`\`${language}\n${code}\`\`\`\n-->`,
    `<details>\n\n\`\`\`${language}\n${code}\`\`\`\n\n</details>`,
    `- a\n\n  - b\n\n    \`\`\`${language}\n${code.replace(/^(?=.)/gm, '    ')}    \`\`\``,
    `> \`\`\`${language}\n${code.replace(/^/gm, '> ')}\n> \`\`\``,
    `\`\`\`\`markdown\n\`\`\`${language}\n${code}\`\`\`\n\`\`\`\``,
  ]),
  // What only code and data hold.
  '````python\nx\n```\nrm -rf /\n````',
  '~~~python\nx\n```\nrm -rf /\n~~~',
  '```python\n~~~\nrm -rf /\n~~~\n```',
  '```yaml\nrun: |\n  npm publish\n  git push --force\n```',
  '- a\n  ```yaml\n  run: |\n    npm publish\n\n    rm -rf /\n  ```',
  '1. a\n   - b\n     ```log\n     $ rm -rf /\n     ```',
  '> ```log\n> $ rm -rf /\n>\n> refused\n> ```',
  '```diff\n-rm -rf /\n+rm -rf dist\n```',
  '<!-- a comment -->\n\n```log\nrm -rf /\n```',
  'a <!--\n```log\nrm -rf /\n```\n-->',
  '```python\n"""\n    ```bash\n    rm -rf /\n    ```\n"""\n```',
  '<!-- a comment\nrm -rf / is refused -->',
  // Sentences in a block without a language.
  '```\nIt is gone.\nrm -rf / was called by nobody\n```',
  '```\nsrc\n├── index.ts\n└── rm.ts\n```',
  '```\nThe docs say:\n\nNever run rm -rf / in the root\n',
])('%j holds none', async (text) => {
  expect(await rulesOf(text)).toEqual([]);
});

test('lists, quotations and fences that nothing closes are read in time that grows as they do', () => {
  for (const piece of [
    '> ',
    '- ',
    '1. ',
    '-\n',
    '- \n\n',
    '> - ',
    '```a\n',
    '~~~\n- ```\n',
    '```md\n',
    '```',
    '<!--\n',
  ]) {
    const text = `${piece.repeat(60_000 / piece.length)}\n~~~\n${'\n'.repeat(5000)}rm -rf /`;
    const begun = performance.now();
    const actions = atOnce(actionsIn('description', text));
    expect(performance.now() - begun).toBeLessThan(1000);
    expect(actions.some((action) => action.text.includes('rm -rf /'))).toBe(true);
  }
});
