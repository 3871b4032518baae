import type postgres from 'postgres';
import type { TestDatabase, TestSession } from './database.ts';

/** What `verify_audit` answers, as far as tests look at it. */
export interface Verdict {
  intact: boolean;
  verified_rows: number;
  first_bad?: { problem: string; seal_number: number; cursor: string };
  checkpoint?: string;
}

/** Seals all there is; a transaction that another test has open may keep rows back for a moment. */
export async function sealAll({ database, sql }: Pick<TestDatabase, 'database' | 'sql'>): Promise<void> {
  for (let round = 0; round < 100; round++) {
    const { more } = (await database.call('seal_journal', {})) as { more: boolean };
    const [row] = await sql<{ left: boolean }[]>`
      select exists (
        select from coord.journal j cross join lateral coord._last_seal(j.project_id) s
        where (j.xact_id, j.entry_id) > (s.last_xact_id, s.last_entry_id)) as left`;
    if (!more && !row?.left) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('Rows of the journal stay unsealed.');
}

/** What the session is told after a superuser did this with triggers off; nothing of it stays. */
export async function verdictAfter(
  { sql }: Pick<TestDatabase, 'sql'>,
  { session_id }: Pick<TestSession, 'session_id'>,
  tamper: (sql: postgres.TransactionSql) => Promise<unknown>,
  checkpoint: object | null = null,
): Promise<Verdict> {
  const undo = new Error('This never stays.');
  let verdict: Verdict | undefined;
  await sql
    .begin(async (tx) => {
      await tx`set local session_replication_role = replica`;
      await tamper(tx);
      const [row] = await tx<{ verdict: Verdict }[]>`
        select coord.verify_audit(
          jsonb_build_object('project_id', s.project_id, 'session_id', s.session_id), 0, ${checkpoint as never}) as verdict
        from coord.sessions s where s.session_id = ${session_id}`;
      verdict = row?.verdict;
      throw undo;
    })
    .catch((error: unknown) => {
      if (error !== undo) throw error;
    });
  return verdict as Verdict;
}
