import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cedarSchema } from './cedar_schema.ts';
import { migrationFile, migrationSql } from './migration.ts';
import { minimumTrustSql } from './minimum_trust.ts';
import { operationWordsSql } from './operation_words.ts';
import { referenceText } from './reference.ts';
import { root } from './root.ts';

/** A file that a script writes; `text` is computed when asked for, from files that come earlier in the list. */
export interface GeneratedFile {
  path: string;
  text: () => string;
}

export const migration: GeneratedFile = { path: migrationFile, text: migrationSql };

/** Every generated file of the repository, in the order in which they depend on each other. */
export const generatedFiles: readonly GeneratedFile[] = [
  { path: 'docs/operations.md', text: referenceText },
  { path: 'supabase/schemas/frame/_minimum_trust.sql', text: minimumTrustSql },
  { path: 'supabase/schemas/frame/_operation_words.sql', text: operationWordsSql },
  { path: 'packages/core/policies/schema.cedarschema', text: cedarSchema },
  migration,
];

/** Writes those that are not current, or with `--check` only names them and fails. Returns the exit code. */
export function runGenerator(files: readonly GeneratedFile[], command: string, check: boolean): number {
  const written = files.filter((file) => !isCurrent(file, check));
  if (check && written.length > 0) {
    console.error(`Not current: ${written.map(({ path }) => path).join(', ')}. Run \`${command}\`.`);
    return 1;
  }
  for (const { path } of written) console.log(`Wrote ${path}.`);
  return 0;
}

function isCurrent({ path, text }: GeneratedFile, check: boolean): boolean {
  const file = join(root, path);
  const wanted = text();
  if (existsSync(file) && readFileSync(file, 'utf8') === wanted) return true;
  if (!check) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, wanted);
  }
  return false;
}
