/** Compiles every package to its dist, and gives core the migrations that a checkout has in supabase/migrations. */
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './generated/root.ts';

// From nothing: what a deleted source once compiled to would be published otherwise.
for (const leftover of globSync('packages/*/{dist,tsconfig.tsbuildinfo}', { cwd: root })) {
  rmSync(join(root, leftover), { recursive: true });
}
const projects = globSync('packages/*/tsconfig.json', { cwd: root });
const { status } = spawnSync('tsc', ['-b', ...projects], { cwd: root, stdio: 'inherit' });
if (status === 0) {
  cpSync(join(root, 'supabase/migrations'), join(root, 'packages/core/dist/migrations/sql'), { recursive: true });
}
process.exitCode = status ?? 1;
