import { setTimeout as pause } from 'node:timers/promises';
import { coordinatorOver } from '@agentcoord/contract';
import { callerOf, type Field } from '../field.ts';
import type { Ground } from '../ground.ts';
import type { Group } from '../group.ts';
import { lockPair, runAll } from '../lock_pair.ts';
import { concurrencies, emptySeries, type Plan, race, type Side } from '../measure.ts';
import { type Row, rowOf } from '../row.ts';

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
    const verified = rowOf({ name: 'verify_audit / raw hashes', unit: '/s' }, { excellent: 0.4, floor: 0.2 }, series);
    return [verified, ...(await lockPairsBesideSealer(ground, plan))];
  },
};

/** Everything that is written is sealed within a fifth of a second, which is 25 times as often as sweepers do it. */
async function lockPairsBesideSealer(ground: Ground, plan: Plan): Promise<Row[]> {
  const side = lockPair(ground, 'src/sealed');
  const seal = async () => {
    while (((await ground.database.call('seal_journal', {})) as { more: boolean }).more);
  };
  const sealed: Side = {
    async drain(runs, workers) {
      await seal();
      let isOver = false;
      const sealing = (async () => {
        for (; !isOver; await pause(200)) await seal();
      })();
      const milliseconds = await runAll(side, runs, workers);
      isOver = true;
      await sealing;
      return milliseconds;
    },
  };
  const alone: Side = { drain: (runs, workers) => runAll(side, runs, workers) };
  const series = await race({ settle: ground.settle, ours: sealed, other: alone }, plan);
  const target = { excellent: 0.95, floor: 0.85 };
  return concurrencies.map((workers) =>
    rowOf({ name: 'lock pair, sealed meanwhile / not', workers, unit: '/s' }, target, series[workers]),
  );
}

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
