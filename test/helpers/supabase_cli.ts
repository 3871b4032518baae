import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../../scripts/generated/root.ts';

/** Runs `supabase db push` of this repository's migrations on a database; returns what it said. */
export async function push(url: string): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'coord-supabase-'));
  try {
    // The CLI writes into the folder it works in.
    await cp(join(root, 'supabase'), join(home, 'supabase'), { recursive: true });
    const { stdout, stderr } = await promisify(execFile)(
      join(root, 'node_modules/.bin/supabase'),
      ['db', 'push', '--yes', `--remote=${url}`, '--workdir', home],
      { env: { PATH: process.env.PATH, HOME: home, DO_NOT_TRACK: '1', SUPABASE_TELEMETRY_DISABLED: '1' } },
    );
    return stdout + stderr;
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}
