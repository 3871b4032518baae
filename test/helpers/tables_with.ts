import type { TestDatabase } from './database.ts';

/** The tables of schema `coord` that have the text in some row; binary columns are searched as the hex they are printed in. */
export async function tablesWith({ sql }: TestDatabase, text: string): Promise<string[]> {
  const tables = await sql<{ name: string }[]>`
    select oid::regclass::text as name from pg_class where relnamespace = 'coord'::regnamespace and relkind = 'r'`;
  const found: string[] = [];
  for (const { name } of tables) {
    const like = [`%${text}%`, `%${Buffer.from(text).toString('hex')}%`] as const;
    const rows = await sql`
      select from ${sql.unsafe(name)} t where t::text like ${like[0]} or t::text like ${like[1]} limit 1`;
    if (rows.length > 0) found.push(name);
  }
  return found;
}
