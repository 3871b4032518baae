import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One file of `supabase/migrations`. */
export interface Migration {
  /** The 14 digits its name starts with; the order of migrations. */
  readonly version: string;
  readonly name: string;
  readonly text: string;
  /** See `digestOf`. */
  readonly digest: string;
}

/** A published package carries the files beside this code; a checkout has them where the Supabase CLI looks. */
function shippedFolder(): string {
  const beside = fileURLToPath(new URL('./sql/', import.meta.url));
  return existsSync(beside) ? beside : fileURLToPath(new URL('../../../../supabase/migrations/', import.meta.url));
}

/** The migrations this code knows, oldest first. */
export async function readMigrations(folder = shippedFolder()): Promise<Migration[]> {
  const files = (await readdir(folder)).filter((file) => fileName.test(file)).sort();
  return Promise.all(files.map((file) => readMigration(folder, file)));
}

const fileName = /^(\d{14})_(agentcoord_.+)\.sql$/;

async function readMigration(folder: string, file: string): Promise<Migration> {
  const [, version = '', name = ''] = fileName.exec(file) ?? [];
  const text = await readFile(join(folder, file), 'utf8');
  return { version, name, text, digest: digestOf(text) };
}

/**
 * SHA-256 of a migration without white space and semicolons: the Supabase CLI keeps a file as a list of statements
 * from which it has cut these at both ends, this runner keeps it whole, and both must compare equal.
 */
function digestOf(text: string): string {
  return createHash('sha256')
    .update(text.replace(/[ \t\r\n;]/g, ''))
    .digest('hex');
}

/** The same digest, computed by the database from a row of its history. */
export const digestInSql =
  "encode(sha256(convert_to(translate(array_to_string(statements, ''), E' \\t\\r\\n;', ''), 'UTF8')), 'hex')";
