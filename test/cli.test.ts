import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { jsonSchemaOf, operations } from '@agentcoord/contract';
import { describe, expect, test } from 'vitest';
import { fileOptions } from '../packages/cli/src/audit/options.ts';
import { createProgram } from '../packages/cli/src/program.ts';
import { typedValue } from '../packages/cli/src/schema.ts';

const main = fileURLToPath(new URL('../packages/cli/bin/agentcoord.js', import.meta.url));

function agentcoord(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...words], (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}

type Command = ReturnType<typeof createProgram>;

function leavesOf(command: Command, path: string[] = []): { path: string[]; command: Command }[] {
  const below = command.commands.map((each) => leavesOf(each, [...path, each.name()]));
  return below.length > 0 ? below.flat() : [{ path, command }];
}

const leaves = leavesOf(createProgram());
const wordsOf = (cli: string) => cli.replace(/ [<[].*$/, '');

describe('the commands', () => {
  test.each(operations.map((operation) => [operation.cli, operation] as const))(
    '%s takes every field',
    (cli, operation) => {
      const leaf = leaves.find(({ path }) => path.join(' ') === wordsOf(cli));
      const offered = [
        ...(leaf?.command.registeredArguments.map((argument) => argument.name()) ?? []),
        ...(leaf?.command.options.filter(({ negate }) => !negate).map((option) => option.name()) ?? []),
      ];
      const own = Object.keys(fileOptions[operation.name] ?? {});
      const fields = [...Object.keys(operation.input.shape), ...own].map((field) => field.replaceAll('_', '-'));
      expect(offered.map((name) => name.replace(/^for-/, '')).sort()).toEqual(fields.sort());
    },
  );

  test('are the catalogue and the ones that run servers, nothing else', () => {
    const expected = [
      ...operations.flatMap(({ cli, shortcuts = {} }) => [cli, ...Object.keys(shortcuts)].map(wordsOf)),
      'watch',
      'doctor',
      'down',
      'egress',
      'export',
      'guard replay',
      'guard test',
      'mcp',
      'status',
      'up',
    ];
    expect(leaves.map(({ path }) => path.join(' ')).sort()).toEqual(expected.sort());
  });

  test('no field of an operation is hidden by an option that every command takes', () => {
    const global = createProgram().options.map((option) => option.name());
    for (const { command } of leaves) {
      expect(command.options.filter((option) => global.includes(option.name()))).toEqual([]);
    }
  });

  test.each(leaves.map(({ path, command }) => ({ words: path.join(' '), command })))(
    '$words explains itself',
    ({ command }) => {
      const help = command.helpInformation();
      expect(help).toMatch(/^Usage: agentcoord /);
      for (const { description, negate } of command.options) expect(negate || description.length > 0).toBe(true);
      expect(Math.max(...help.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    },
  );
});

describe('the command line', () => {
  test('--help and --version exit 0, with or without a command', async () => {
    const runs = [[], ['lock', 'acquire', '--help'], ['--version']];
    for (const { code, stdout, stderr } of await Promise.all(runs.map((words) => agentcoord(...words)))) {
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).not.toBe('');
    }
  });

  test('help tells of the whole command that follows it', async () => {
    const [asked, told] = await Promise.all([
      agentcoord('help', 'lock', 'acquire'),
      agentcoord('lock', 'acquire', '--help'),
    ]);
    expect(asked).toEqual(told);
  });

  test.each([
    [['lcok'], "unknown command 'lcok'", 'Did you mean lock?'],
    [['lock'], 'A command is missing.', '--help'],
    [['board', '--frobnicate'], "unknown option '--frobnicate'", '--help'],
    [['lock', 'acquire'], "missing required argument 'paths'", '--help'],
    [['board', '--agent', ''], '--agent: is empty', 'may be unset'],
    [['task', 'submit', 'x', '--input', '{'], '--input: is not valid JSON', 'JSON object'],
  ])('%j is answered with what is wrong and what to do', async (words, message, hint) => {
    const { code, stdout, stderr } = await agentcoord(...words);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`error: ${message}`);
    expect(stderr.split('hint: ')[1]).toContain(hint);
  });

  test('with --json an error is the envelope on stdout', async () => {
    const { code, stdout, stderr } = await agentcoord('board', '--frobnicate', '--json');
    expect([code, stderr]).toEqual([2, '']);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'invalid_input', hint: expect.any(String) } });
  });
});

describe('typed values', () => {
  test('become what the schema asks for, and stay text where they cannot', () => {
    const { properties } = jsonSchemaOf(operations.find(({ name }) => name === 'submit_work')?.input as never, 'input');
    const schemas = properties as Record<string, { type?: string }>;
    const typed = (field: string, text: string) => typedValue(field, schemas[field] ?? {}, text);
    expect(typed('priority', '3')).toBe(3);
    expect(typed('priority', 'high')).toBe('high');
    expect(typed('priority', '1e400')).toBe('1e400');
    expect(typed('title', '42')).toBe('42');
    expect(typed('tags', 'a')).toBe('a');
    expect(typed('input', '{"a":[1]}')).toEqual({ a: [1] });
  });
});
