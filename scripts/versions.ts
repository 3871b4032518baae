/** Every dependency of every package is exact, so that two installs are the same; exits 1 and names those that are not. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './generated/root.ts';

const exact = /^(workspace:\*|\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?)$/;

interface Manifest {
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

const loose = globSync(['package.json', 'packages/*/package.json'], { cwd: root }).flatMap((file) => {
  const manifest = JSON.parse(readFileSync(join(root, file), 'utf8')) as Manifest;
  const { dependencies, devDependencies, optionalDependencies, peerDependencies } = manifest;
  return Object.entries({ ...peerDependencies, ...optionalDependencies, ...devDependencies, ...dependencies })
    .filter(([, version]) => !exact.test(version))
    .map(([name, version]) => `${file}: ${name} ${version}`);
});

for (const line of loose) console.error(line);
process.exitCode = loose.length > 0 ? 1 : 0;
