import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../../scripts/generated/root.ts';

/** Runs a command of the Supabase CLI on a database, in a copy of this repository's folder; returns what it said. */
async function supabase(url: string, ...words: string[]): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'coord-supabase-'));
  try {
    // The CLI writes into the folder it works in.
    await cp(join(root, 'supabase'), join(home, 'supabase'), { recursive: true });
    const { stdout, stderr } = await promisify(execFile)(
      join(root, 'node_modules/.bin/supabase'),
      [...words, '--yes', `--remote=${url}`, '--workdir', home],
      { env: { PATH: process.env.PATH, HOME: home, DO_NOT_TRACK: '1', SUPABASE_TELEMETRY_DISABLED: '1' } },
    );
    return stdout + stderr;
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** `supabase db push` of this repository's migrations. */
export const push = (url: string): Promise<string> => supabase(url, 'db', 'push');

/** What `supabase db advisors` finds at least as bad as that. */
export const advise = (url: string, level: 'info' | 'warn' | 'error'): Promise<string> =>
  supabase(url, 'db', 'advisors', '--level', level, '--fail-on', 'none', '--output-format', 'json');
