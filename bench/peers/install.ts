import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * What the bench compares with and the product does not depend on. Of pg-boss two: the newest that can be installed,
 * whose claims have an index since 12.30, and the one that the targets were set against.
 */
const peers = {
  'graphile-worker': 'graphile-worker@0.17.3',
  'pg-boss': 'pg-boss@12.35.0',
  'pg-boss-12.15': 'pg-boss@12.15.0',
} as const;

export type PeerName = keyof typeof peers;

const cache = fileURLToPath(new URL('../../node_modules/.cache/bench/', import.meta.url));

/** Resolves packages among the peers; installs them with npm, without their scripts, when this is the first run. */
export async function requirePeers(signal: AbortSignal): Promise<NodeJS.Require> {
  const versions = Object.values(peers);
  const folder = join(cache, versions.join('+'));
  if (!existsSync(folder)) await install(folder, signal);
  return createRequire(join(folder, 'package.json'));
}

/** Beside the folder and then renamed, so that an install that was broken off leaves nothing half. */
async function install(folder: string, signal: AbortSignal): Promise<void> {
  const packages = Object.entries(peers).map(([name, version]) => `${name}@npm:${version}`);
  console.error(`Installing ${Object.values(peers).join(', ')} into node_modules/.cache …`);
  await mkdir(cache, { recursive: true });
  const fresh = await mkdtemp(join(cache, 'installing-'));
  try {
    await writeFile(join(fresh, 'package.json'), '{ "private": true }\n');
    const options = ['--save-exact', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    const isWindows = process.platform === 'win32';
    const npm = spawn('npm', ['install', ...options, ...packages], {
      cwd: fresh,
      shell: isWindows,
      stdio: 'ignore',
      signal,
    });
    const [status] = await once(npm, 'exit');
    if (status !== 0) throw new Error(`npm could not install ${packages.join(', ')}: is the registry in reach?`);
    await rename(fresh, folder);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}
