import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.ts';

/** The one migration until the first release. From then on this stays as it is and changes get files of their own. */
export const migrationFile = 'supabase/migrations/20261121000000_agentcoord_initial.sql';

const header = `-- GENERATED from supabase/schemas by \`npm run db:migration\`; do not edit.
`;

/** The files of `supabase/schemas` in the order of `schema_paths` in supabase/config.toml. */
export function schemaFiles(): string[] {
  const folder = join(root, 'supabase');
  const matches = schemaPaths().flatMap((pattern) => globSync(pattern, { cwd: folder }).sort());
  return [...new Set(matches.map((file) => `supabase/${file}`))];
}

function schemaPaths(): string[] {
  const config = readFileSync(join(root, 'supabase/config.toml'), 'utf8');
  const list = /^schema_paths = \[([^\]]*)\]/m.exec(config)?.[1];
  if (list === undefined) throw new Error('supabase/config.toml has no list of schema_paths.');
  return [...list.matchAll(/"\.\/([^"]+)"/g)].map((match) => match[1] as string);
}

/**
 * All schema files in one, each below its name in `supabase/schemas`. It ends as the role that began: the Supabase CLI
 * writes its history in the same session, which the owner of the schema may not.
 */
export function migrationSql(): string {
  const parts = schemaFiles().map(
    (file) => `-- ${file.replace('supabase/schemas/', '')}\n${readFileSync(join(root, file), 'utf8').trim()}\n`,
  );
  return `${[header, ...parts].join('\n')}\nreset role;\n`;
}
