import type postgres from 'postgres';
import { digestInSql, type Migration, readMigrations } from './folder.ts';

/** How a database's schema stands to the migrations this code knows. */
export interface SchemaState {
  /** Versions in the database's history, oldest first. */
  applied: string[];
  /** Versions this code can apply, oldest first. */
  known: string[];
  /**
   * `empty`: none applied; `behind`: some are missing; `newer`: a later version of this code has migrated it;
   * `changed`: a migration reads differently now from when it was applied.
   */
  state: 'current' | 'behind' | 'newer' | 'changed' | 'empty';
}

interface HistoryRow {
  version: string;
  /** Null when the history does not keep what was run. */
  digest: string | null;
}

/**
 * Compares the history of the database with the migrations of this code, in one round trip and without a lock.
 * A role that may only call operations takes a second one. Throws the driver's error when even that is not allowed.
 */
export async function schemaState(sql: postgres.ISql, migrations?: readonly Migration[]): Promise<SchemaState> {
  const known = migrations ?? (await readMigrations());
  return compare(await readHistory(sql, known), known);
}

/** The history is shared with whatever else lives in the database; ours are the rows with our name. */
async function readHistory(sql: postgres.ISql, known: readonly Migration[]): Promise<HistoryRow[]> {
  const query = `select version, ${digestInSql} as digest from supabase_migrations.schema_migrations
    where name like 'agentcoord\\_%' order by version`;
  try {
    return await sql.unsafe<HistoryRow[]>(query);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === undefinedTable || code === undefinedSchema) return [];
    if (code === insufficientPrivilege) return await readNewest(sql, known, error);
    throw error;
  }
}

const undefinedTable = '42P01';
const undefinedSchema = '3F000';
const insufficientPrivilege = '42501';

/** What a role without rights on the history may still ask: the newest version. All before it count as applied. */
async function readNewest(sql: postgres.ISql, known: readonly Migration[], refusal: unknown): Promise<HistoryRow[]> {
  const rows = await sql.unsafe<{ newest: string }[]>('select coord.schema_version() as newest').catch(() => []);
  const newest = rows[0]?.newest;
  if (newest === undefined) throw refusal;
  const earlier = known.filter(({ version }) => version < newest);
  return [...earlier.map(({ version }) => version), newest].map((version) => ({ version, digest: null }));
}

function compare(history: readonly HistoryRow[], migrations: readonly Migration[]): SchemaState {
  const known = migrations.map(({ version }) => version);
  const digests = new Map(history.map(({ version, digest }) => [version, digest]));
  const missing = known.filter((version) => !digests.has(version));
  const newest = known.at(-1) ?? '';
  const state = (): SchemaState['state'] => {
    if (history.some(({ version }) => version > newest)) return 'newer';
    if (migrations.some(({ version, digest }) => (digests.get(version) ?? digest) !== digest)) return 'changed';
    if (missing.length === 0) return 'current';
    return missing.length === known.length ? 'empty' : 'behind';
  };
  return { applied: [...digests.keys()], known, state: state() };
}
