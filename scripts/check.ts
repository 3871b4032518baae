/** Everything that must hold before a commit, besides the tests. One line a step; what a failed step said follows it. */
import { spawnSync } from 'node:child_process';
import { root } from './generated/root.ts';

const steps = [
  ['format and lint', 'biome check --error-on-warnings .'],
  ['types', 'tsc -p tsconfig.json'],
  ['generated files', 'node scripts/generate.ts --check'],
  ['exact versions', 'node scripts/versions.ts'],
  ['packages', 'node scripts/pack.ts'],
] as const;

let failures = 0;
for (const [name, command] of steps) {
  const [program = '', ...args] = command.split(' ');
  const begun = Date.now();
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: root, encoding: 'utf8' });
  const seconds = ((Date.now() - begun) / 1000).toFixed(1);
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
  if (status === 0) continue;
  failures++;
  console.log(`${error?.message ?? ''}${stdout}${stderr}`.trim());
}
if (failures > 0)
  console.log(`\n${failures} of ${steps.length} failed. \`npm run fix\` corrects format and generated files.`);
process.exitCode = failures > 0 ? 1 : 0;
