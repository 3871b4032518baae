/** Builds every package, packs it as it would be published, and has publint look at the result. */
import { execFileSync, spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './generated/root.ts';

const folder = process.argv[2] ?? mkdtempSync(join(tmpdir(), 'coord-packages-'));
const show = { cwd: root, stdio: 'inherit' } as const;
try {
  execFileSync('node', ['scripts/build.ts'], show);
  const pack = `-y pnpm@12.21.0 --filter ./packages/* -r pack --json --pack-destination ${folder}`;
  execFileSync('npx', pack.split(' '), { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  const failed = globSync('*.tgz', { cwd: folder }).filter(
    (file) => spawnSync('publint', ['run', '--strict', join(folder, file)], show).status !== 0,
  );
  process.exitCode = failed.length > 0 ? 1 : 0;
} finally {
  if (!process.argv[2]) rmSync(folder, { recursive: true });
}
