import type { TestDatabase } from './database.ts';

/** What every call may touch: signs of life, and the journal's rows of refusals. */
const touched: Record<string, { columns?: string[]; rows?: string }> = {
  sessions: { columns: ['lease_expires_at', 'fresh_until', 'last_call_at'] },
  pulse: { columns: ['swept_at', 'is_steady'] },
  journal: { rows: "outcome in ('ok', 'lapsed')" },
  // Made by the sweeper, whenever it comes by.
  seals: { rows: 'false' },
  seal_leaves: { rows: 'false' },
};

/** A hash of each table of schema `coord`, without what a refused call may leave. */
export async function stateOf({ sql }: TestDatabase): Promise<Record<string, string>> {
  const tables = await sql<{ name: string }[]>`
    select relname as name from pg_class where relnamespace = 'coord'::regnamespace and relkind = 'r' order by 1`;
  const hashes = tables.map(async ({ name }) => {
    const { columns = [], rows = 'true' } = touched[name] ?? {};
    const [row] = await sql.unsafe<{ hash: string }[]>(`
      select count(*) || ' rows ' || md5(coalesce(string_agg(t.line, '|' order by t.line), '')) as hash
      from (select (to_jsonb(r) - '{${columns.join()}}'::text[])::text as line from coord.${name} r where ${rows}) t`);
    return [name, row?.hash ?? ''] as const;
  });
  return Object.fromEntries(await Promise.all(hashes));
}
