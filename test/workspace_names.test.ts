import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig, workspaceOf } from '@agentcoord/core';
import { afterAll, describe, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'agentcoord-names-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a name of the configuration', () => {
  test.each(['esc\u001b]0;x', 'right\u202eleft', 'zero\u200bwidth', 'two\nlines'])(
    'that is not what it looks like is refused: %j',
    async (name) => {
      const refused = { code: 'invalid_input', hint: expect.stringMatching(/\w/) };
      for (const variable of ['AGENT_PROJECT', 'AGENT_ID', 'AGENT_TYPE']) {
        expect(() => readConfig({ [variable]: name })).toThrow(expect.objectContaining(refused));
      }
      const other = mkdtempSync(join(folder, 'named-'));
      writeFileSync(join(other, '.agentcoord.json'), JSON.stringify({ project: name }));
      await expect(workspaceOf(other, readConfig({}))).rejects.toMatchObject(refused);
    },
  );

  test('is not looked for in what is no file', async () => {
    const other = mkdtempSync(join(folder, 'piped-'));
    execFileSync('mkfifo', [join(other, '.agentcoord.json')]);
    expect((await workspaceOf(other, readConfig({}))).isFound).toBe(false);
  });
});
