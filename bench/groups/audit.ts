import { coordinatorOver } from '@agentcoord/contract';
import { callerOf, type Field } from '../field.ts';
import type { Group } from '../group.ts';
import { emptySeries } from '../measure.ts';
import { rowOf } from '../row.ts';

const rows = 100_000;

/** Verifying the sealed journal, against hashing the text of each row. At least 50,000 rows a second are wanted. */
export const audit: Group = {
  name: 'audit',
  async measure(ground, plan) {
    await using field = await ground.openField('audit');
    await fill(field);
    await field.settle();
    const coordinator = coordinatorOver(callerOf(field.database, 'auditor', 4));
    const series = emptySeries();
    for (let round = 0; round < plan.rounds; round++) {
      plan.signal.throwIfAborted();
      series.other.push(await rate(() => hashAll(field)));
      series.ours.push(await rate(() => verifyAll(coordinator)));
    }
    return [rowOf({ name: 'verify_audit / raw hashes', unit: '/s' }, { excellent: 0.4, floor: 0.2 }, series)];
  },
};

async function fill({ sql, projectId, database }: Field): Promise<void> {
  await sql`
    insert into coord.journal (project_id, session_id, agent, operation, outcome, resource, detail)
    select ${projectId}, gen_random_uuid(), 'worker-' || i % 32, 'acquire_lock', 'ok', 'src/file-' || i % 100 || '.ts',
      jsonb_build_object('path', 'src/file.ts', 'token', i, 'renewed', false, 'expires_at', clock_timestamp())
    from generate_series(1, ${rows}) i`;
  while (((await database.call('seal_journal', { p_most: 20_000 })) as { more: boolean }).more);
}

async function rate(run: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await run();
  return (rows / (performance.now() - begun)) * 1000;
}

/** Page by page, as everybody does. */
async function verifyAll(coordinator: ReturnType<typeof coordinatorOver>): Promise<void> {
  let verified = 0;
  for (let after_seal: number | null = 0; after_seal !== null; ) {
    const page: Awaited<ReturnType<typeof coordinator.verifyAudit>> = await coordinator.verifyAudit({ after_seal });
    if (!page.intact) throw new Error(`The journal is not intact: ${JSON.stringify(page.first_bad)}`);
    verified += page.verified_rows;
    after_seal = page.next_seal;
  }
  if (verified < rows) throw new Error(`Only ${verified} of ${rows} rows were verified.`);
}

async function hashAll({ sql }: Field): Promise<void> {
  await sql`select sha256(string_agg(sha256(convert_to(j::text, 'UTF8')), '')) from coord.journal j`;
}
