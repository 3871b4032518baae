import { expect, test } from 'vitest';
import { check } from '../../packages/core/src/guardrails/engine.ts';
import { proseActions } from '../../packages/core/src/guardrails/prose.ts';
import { atOnce } from '../../packages/core/src/slices.ts';

const fence = (language: string, text: string) => `Run this:\n\`\`\`${language}\n${text}\n\`\`\``;

test.for([
  ...['bash', 'shell-session', 'shellscript', 'sh-session', 'bash-session', 'zsh_session', 'ksh', 'dash', 'fish'],
  ...['powershell', 'ps1', 'cmd', 'bat', 'Console', 'sh {1}', '{.bash}', 'text', 'txt', 'plaintext', 'whatever', ''],
])('a block of %j is looked at', (language) => {
  expect(atOnce(proseActions(fence(language, 'cd /\nrm -rf /')))).toEqual([
    { text: 'cd /\nrm -rf /', context: 'shell' },
  ]);
});

test.for(['sql', 'postgres', 'plpgsql', 'tsql', 'plsql', 'mariadb', 'sqlite3', 'text', ''])(
  'SQL in %j too',
  (language) => {
    expect(atOnce(proseActions(fence(language, 'DROP TABLE users;')))).toEqual([
      { text: 'DROP TABLE users;', context: 'sql' },
    ]);
  },
);

test.for([
  'Run this:\n> ```bash\n> rm -rf /\n> ```',
  '```text\nThen:\nrm -rf /\n```',
  '~~~sh\nrm -rf /\n~~~',
  '````sh\nrm -rf /\n````',
  'Run this:\r```bash\rrm -rf /\r```',
  'Run this:\u2028rm -rf /',
  '> rm -rf /',
  '>> rm -rf /',
  '- [ ] rm -rf /',
  '* [x] rm -rf /',
  'a) rm -rf /',
  '# rm -rf /',
  'root@host:~# rm -rf /',
  'ann@host ~ $ rm -rf /',
  '```sh\nroot@host:/srv# rm -rf /\n```',
  'C:\\Users\\ann> rm -rf /',
  '% rm -rf /',
  'Run ```rm -rf /``` now',
  '```rm -rf /```',
  'Perform `rm -rf /` in production',
])('%j holds a command', (text) => {
  expect(atOnce(proseActions(text))).toEqual([{ text: 'rm -rf /', context: 'shell' }]);
});

test.for([
  ...['python', 'js', 'yaml', 'json', 'diff', 'dockerfile', 'log', 'output', 'rust'].map((language) =>
    fence(language, 'rm -rf /'),
  ),
  fence('text', 'Error: it is gone\nrm -rf / was called by nobody'),
  fence('text', "make: *** [all] Error 2\n  can't go on"),
  fence('whatever', 'let x = (1, 2) in x'),
  '> Never run rm -rf / in the root',
  '- [ ] Remove rm -rf / from the docs',
  '- [ ] make the button red',
  '# Find the cause',
  '## git push --force',
  'a) find out why it is slow',
  'Ask ann@host: is it up?',
  'It costs 5 $ rm',
  'The text ```rm -rf /``` is refused',
])('%j holds none', (text) => {
  expect(atOnce(proseActions(text)).filter(({ text: command }) => /rm|push|let|make/.test(command))).toEqual([]);
});

test('of very many commands the last ones are read as one script', () => {
  const many = 'echo a\n'.repeat(3000);
  const rulesIn = (text: string) =>
    atOnce(proseActions(text)).flatMap(({ text, context }) =>
      check({ text, context }).violations.map(({ rule }) => rule),
    );
  expect(rulesIn(many)).toEqual([]);
  expect(rulesIn(`${many}rm -rf /`)).toContain('recursive_delete_root');
  expect(atOnce(proseActions('echo a\n'.repeat(50_000))).length).toBeLessThan(3000);
});
