import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  CoordinationError,
  errorBodyOf,
  errorCodes,
  exitRefused,
  isRefusal,
  type Operation,
} from '@agentcoord/contract';
import { expect } from 'vitest';
import type { Door } from './door.ts';

const main = fileURLToPath(new URL('../../packages/cli/bin/agentcoord.js', import.meta.url));

/** A process for every call, as shells and scripts do it. */
export const commandLine: Door = {
  name: 'command line with --json',
  trusts: [4],
  beats: false,
  idempotent: true,
  open: async (db) => ({
    enter: async ({ agent, project }) => {
      const env = {
        ...process.env,
        DATABASE_URL: db.url,
        AGENT_ID: agent,
        AGENT_PROJECT: project,
        SESSION_ID: 'story',
      };
      return {
        async invoke(operation, input, { idempotency_key } = {}) {
          const global = idempotency_key === undefined ? [] : [`--idempotency-key=${idempotency_key}`];
          const words = [...global, '--json', ...wordsOf(operation, input as Record<string, unknown>)];
          const { code, answer } = await run(words, env);
          const error = errorBodyOf(answer);
          const exit = isRefusal(operation, answer) ? exitRefused : 0;
          expect(code, words.join(' ')).toBe(error ? errorCodes[error.code].exit : exit);
          if (error) throw new CoordinationError(error);
          return answer;
        },
      };
    },
    [Symbol.asyncDispose]: async () => {},
  }),
};

function wordsOf({ cli }: Operation, input: Record<string, unknown>): string[] {
  const parts = cli.split(' ');
  const positional = parts.filter((part) => /^[<[]/.test(part)).map((part) => part.replace(/[<>[\].]/g, ''));
  const options = Object.entries(input).filter(([field, value]) => value !== undefined && !positional.includes(field));
  return [
    ...parts.filter((part) => !/^[<[]/.test(part)),
    ...positional.flatMap((field) => input[field] ?? []).map(String),
    ...options.flatMap(([field, value]) => optionsOf(field.replaceAll('_', '-'), value)),
  ];
}

function optionsOf(flag: string, value: unknown): string[] {
  if (typeof value === 'boolean') return [value ? `--${flag}` : `--no-${flag}`];
  const items = Array.isArray(value) ? value : [value];
  return items.map((item) => `--${flag}=${typeof item === 'object' ? JSON.stringify(item) : item}`);
}

function run(words: string[], env: NodeJS.ProcessEnv): Promise<{ code: number; answer: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [main, ...words], { env }, (error, stdout, stderr) => {
      if (stdout === '') reject(new Error(`${words.join(' ')} printed nothing: ${stderr}`, { cause: error }));
      else resolve({ code: Number(error?.code ?? 0), answer: JSON.parse(stdout) });
    });
  });
}
