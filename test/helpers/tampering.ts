import type postgres from 'postgres';
import type { TestDatabase, TestSession } from './database.ts';

/** What `verify_audit` answers, as far as tests look at it. */
export interface Verdict {
  intact: boolean;
  verified_rows: number;
  first_bad?: { problem: string; seal_number: number; cursor: string };
  checkpoint?: string;
}

/**
 * Seals all there is, in one go: waits first until no transaction of the server, whoever's it is, keeps rows back, because
 * tests count seals.
 */
export async function sealAll({ database, sql }: Pick<TestDatabase, 'database' | 'sql'>): Promise<void> {
  for (let round = 0; ; round++) {
    const [row] = await sql<{ kept: boolean }[]>`
      select exists (select from coord.journal j, (select coord._horizon(false) offset 0) h(xact_id)
        where j.xact_id >= h.xact_id) as kept`;
    if (!row?.kept) break;
    if (round === 400) throw new Error('A transaction keeps rows of the journal from being sealed.');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  while (((await database.call('seal_journal', {})) as { more: boolean }).more);
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
      verdict = await verify(tx, session_id, checkpoint);
      throw undo;
    })
    .catch((error: unknown) => {
      if (error !== undo) throw error;
    });
  return verdict as Verdict;
}

/** All pages, up to the first bad row. */
async function verify(tx: postgres.TransactionSql, session_id: string, checkpoint: object | null): Promise<Verdict> {
  let rows = 0;
  for (let after = 0; ; ) {
    const [row]: { verdict: Verdict & { next_seal: number | null } }[] = await tx<
      { verdict: Verdict & { next_seal: number | null } }[]
    >`
      select coord.verify_audit(jsonb_build_object('project_id', s.project_id, 'session_id', s.session_id),
        ${after}, ${checkpoint as never}) as verdict
      from coord.sessions s where s.session_id = ${session_id}`;
    if (!row) throw new Error('There is no such session.');
    const { next_seal, ...verdict } = row.verdict;
    rows += verdict.verified_rows;
    // A chain that does not contain the checkpoint may be broken further on, which says more.
    if (next_seal === null) return { ...verdict, verified_rows: rows };
    after = next_seal;
  }
}
