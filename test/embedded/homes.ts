import { existsSync, mkdtempSync, rmdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stopServer } from '../../packages/core/src/embedded/index.ts';
import { systemFolder } from '../../packages/core/src/embedded/outside.ts';
import { placeOf } from '../../packages/core/src/embedded/place.ts';

const homes: string[] = [];

/** A path for a new home, in a folder only this user can enter. */
export function newHome(name = 'home'): string {
  const home = join(mkdtempSync(join(tmpdir(), 'coord-')), name);
  homes.push(home);
  return home;
}

/** Stops the servers of all homes and removes what they left, outside of the homes too. */
export async function removeHomes(): Promise<void> {
  for (const home of homes.splice(0)) {
    if (existsSync(home)) {
      const { base, socketFolder } = placeOf(home);
      await stopServer(home);
      for (const folder of [base, socketFolder]) await rm(folder, { recursive: true, force: true });
    }
    await rm(dirname(home), { recursive: true, force: true });
  }
  try {
    rmdirSync(systemFolder);
  } catch {
    // Not there, or somebody else's data is in it.
  }
}
