import { spawn } from 'node:child_process';
import { isRoot } from './account.ts';
import type { Place } from './place.ts';

/** What a finished program left behind. */
export interface Outcome {
  succeeded: boolean;
  output: string;
}

/**
 * How every program of the server is run: in a session of its own, so that no terminal's signal reaches it, and in the
 * base folder, so that arguments can be relative and no shell inside pg_ctl meets a special character.
 */
export function surroundings({ base, account }: Place) {
  const { PATH = '/usr/bin:/bin' } = process.env;
  return { cwd: base, env: { PATH, LC_ALL: 'C' }, detached: true, ...(isRoot() ? account : {}) };
}

/** Runs a program as the server's account and collects what it says. */
export function run(place: Place, program: string, args: string[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...surroundings(place), stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-10_000);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', reject);
    child.on('close', (code) => resolve({ succeeded: code === 0, output: output.trim() }));
  });
}

/** The lines that say what went wrong, without time stamps. */
export function complaintsIn(text: string): string[] {
  return text.match(/(?:FATAL|PANIC|error):.*/g) ?? [];
}
