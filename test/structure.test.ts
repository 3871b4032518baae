import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { generatedFiles } from '../scripts/generated/index.ts';
import { root } from '../scripts/generated/root.ts';

/** Which packages of this repository a package may import. Doors never import each other; the command imports all. */
const arrows: Record<string, readonly string[]> = {
  contract: [],
  core: ['contract'],
  sdk: ['contract'],
  mcp: ['contract', 'core'],
  http: ['contract', 'core'],
  cli: ['contract', 'core', 'sdk', 'mcp', 'http'],
};

const importPattern = /(?:\bfrom\s+|\bimport\s*\(?\s*|\brequire\(\s*|\.resolve\(\s*)['"]([^'"]+)['"]/g;

/** What the sources of a package import: `[file, specifier]`. */
function importsOf(name: string): [string, string][] {
  return globSync(`packages/${name}/src/**/*.ts`, { cwd: root }).flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(importPattern)].map((match): [string, string] => [
      file,
      match[1] as string,
    ]),
  );
}

describe('packages', () => {
  test('are the ones this test knows the arrows of', () => {
    const names = globSync('packages/*/package.json', { cwd: root }).map((file) => file.split('/')[1]);
    expect(names.sort()).toEqual(Object.keys(arrows).sort());
  });

  test.each(Object.entries(arrows))('%s imports no package of this repository but %j', (name, allowed) => {
    const wrong = importsOf(name).filter(([, specifier]) => {
      const own = /^@agentcoord\/([^/]+)/.exec(specifier)?.[1];
      return own !== undefined && !allowed.includes(own);
    });
    expect(wrong).toEqual([]);
  });

  test.each(Object.entries(arrows))('%s declares exactly the packages it may import', (name, allowed) => {
    const manifest = JSON.parse(readFileSync(join(root, `packages/${name}/package.json`), 'utf8'));
    const declared = Object.keys(manifest.dependencies).filter((dependency) => dependency.startsWith('@agentcoord/'));
    expect(declared.map((dependency) => dependency.slice('@agentcoord/'.length)).sort()).toEqual([...allowed].sort());
  });

  test.each(Object.keys(arrows))('%s imports nothing out of its own src but what it declares', (name) => {
    const manifest = JSON.parse(readFileSync(join(root, `packages/${name}/package.json`), 'utf8'));
    const wrong = importsOf(name).filter(([file, specifier]) => {
      if (specifier.startsWith('.')) return !join(file, '..', specifier).startsWith(`packages/${name}/src/`);
      if (specifier.startsWith('node:')) return false;
      const dependency = specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/');
      return manifest.dependencies[dependency] === undefined;
    });
    expect(wrong).toEqual([]);
  });

  test('the contract needs Zod and nothing of Node', () => {
    const foreign = importsOf('contract').filter(([, specifier]) => specifier !== 'zod' && !specifier.startsWith('.'));
    expect(foreign).toEqual([]);
  });

  test.each(Object.keys(arrows))('no file of %s has a default export', (name) => {
    const files = globSync(`packages/${name}/src/**/*.ts`, { cwd: root });
    expect(files.filter((file) => /^export default/m.test(readFileSync(join(root, file), 'utf8')))).toEqual([]);
  });
});

describe('files', () => {
  const generated = new Set(['pnpm-lock.yaml', ...generatedFiles.map(({ path }) => path)]);
  const lengths = sourceFiles().map((file) => ({
    file,
    lines: readFileSync(join(root, file), 'utf8').split('\n').length - 1,
  }));

  /** Code of this repository, whether or not it is committed yet. */
  function sourceFiles(): string[] {
    const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root });
    const files = listed.toString().split('\n');
    return files.filter(
      (file) => /\.(ts|tsx|mjs|sql)$/.test(file) && !generated.has(file) && existsSync(join(root, file)),
    );
  }

  test('are 120 lines long or shorter, in the median', () => {
    const sorted = lengths.map(({ lines }) => lines).sort((a, b) => a - b);
    expect(sorted.length).toBeGreaterThan(50);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThanOrEqual(120);
  });

  test('are never longer than 300 lines, unless generated', () => {
    expect(lengths.filter(({ lines }) => lines > 300)).toEqual([]);
  });
});
