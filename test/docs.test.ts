import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errorCodes } from '@agentcoord/contract';
import { readConfig, variables } from '@agentcoord/core';
import { describe, expect, test } from 'vitest';
import { root } from '../scripts/generated/root.ts';
import { proofs } from './faults/proofs/index.ts';

const read = (file: string) => readFileSync(join(root, file), 'utf8');

/** The table whose first column has this title, a record a row; back ticks are left out. */
function tableOf(file: string, title: string): Record<string, string>[] {
  const lines = read(file).split('\n');
  const start = lines.findIndex((line) => new RegExp(`^\\| ${title} +\\|`).test(line));
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'));
  const [head = [], , ...rows] = lines.slice(start, end).map(cellsOf);
  return rows.map((row) => Object.fromEntries(head.map((name, column) => [name, row[column] ?? ''])));
}

function cellsOf(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim().replace(/^`(.*)`$/, '$1'));
}

describe('docs/errors.md', () => {
  test('lists every code with its status, exit code and whether to retry, and no other', () => {
    const documented = tableOf('docs/errors.md', 'code').map(({ code, HTTP, exit, retry }) => [
      code,
      { http: Number(HTTP), exit: Number(exit), retryable: retry === 'yes' },
    ]);
    const known = Object.entries(errorCodes).map(([code, { http, exit, retryable }]) => [
      code,
      { http, exit, retryable },
    ]);
    expect(documented).toEqual(known);
  });

  test('lists every reason that the database gives, and no other', () => {
    const given = globSync('supabase/schemas/**/*.sql', { cwd: root }).flatMap((file) => reasonsIn(read(file)));
    const documented = tableOf('docs/errors.md', 'reason').map(({ reason }) => reason);
    expect(documented.sort()).toEqual([...new Set(given)].sort());
  });

  /** `"reason": "x"` in an envelope, and what `v_reason` of one may become. */
  function reasonsIn(sql: string): (string | undefined)[] {
    const literal = [...sql.matchAll(/"reason": "(\w+)"|'reason', '(\w+)'/g)].map(([text, a, b]) => [text, a ?? b]);
    const computed = sql.includes("jsonb_build_object('reason', v_reason)")
      ? [...(/v_reason := case([\s\S]*?)end;/.exec(sql)?.[1] ?? '').matchAll(/(?:then|else) '(\w+)'/g)]
      : [];
    return [...literal, ...computed].map(([, reason]) => reason);
  }
});

describe('docs/configuration.md', () => {
  const rows = tableOf('docs/configuration.md', 'variable');

  test('lists every variable, and no other', () => {
    const known = Object.values(variables).flatMap(({ names }) => names as readonly string[]);
    expect(rows.map(({ variable }) => variable).sort()).toEqual([...known].sort());
  });

  test.each(['host', 'port'] as const)('says the default of the %s', (field) => {
    const row = rows.find(({ variable }) => variable === variables[field].names[0]);
    expect(row?.default).toBe(String(readConfig({})[field]));
  });
});

test('every link from one document to a file of the repository leads somewhere', () => {
  const documents = globSync(['*.md', 'docs/*.md'], { cwd: root });
  const links = documents.flatMap((file) =>
    [...read(file).matchAll(/\]\((?!\w+:|#)([^)#]+)[^)]*\)/g)].map(([, target = '']) => ({ file, target })),
  );
  expect(links.length).toBeGreaterThan(20);
  expect(links.filter(({ file, target }) => !existsSync(join(root, dirname(file), target)))).toEqual([]);
});

/** The tests and the proofs of the fault harness that a text names. */
function evidenceIn(text: string): { files: string[]; faults: string[] } {
  return {
    files: [...text.matchAll(/`((?:test|scripts)\/[\w/.]+)`/g)].map(([, file]) => String(file)),
    faults: [...text.matchAll(/fault: ([\w, ]+)/g)].flatMap(([, names]) => String(names).split(', ')),
  };
}

describe('docs/promises.md', () => {
  test('names tests and proofs that exist', () => {
    const { files, faults } = evidenceIn(read('docs/promises.md'));
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
    expect(new Set(faults)).toEqual(
      new Set(['name', ...proofs.map(({ name }) => name)].filter((name) => name !== 'planted')),
    );
  });
});

describe('docs/security.md', () => {
  const threats = read('docs/security.md')
    .split('\n')
    .filter((line) => /^\| (?!who +\||-)/.test(line) && line.split('|').length === 6)
    .map((line) => ({ tries: line.split('|')[2]?.trim() ?? '', ...evidenceIn(line) }));

  test.each(threats)('names what proves it: $tries', ({ files, faults }) => {
    expect(files.length + faults.length).toBeGreaterThan(0);
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
    expect(faults.filter((fault) => !proofs.some(({ name }) => name === fault.trim()))).toEqual([]);
  });

  test('has many rows, and none twice', () => {
    expect(threats.length).toBeGreaterThan(15);
    expect(new Set(threats.map(({ tries }) => tries)).size).toBe(threats.length);
  });
});
