import { checkSeals } from '../checks/journal.ts';
import type { Outcome, Proof } from '../proof.ts';
import { openStage, project, type Stage } from '../stage.ts';
import { readJournal, tamper } from '../tampering.ts';

/** Proof 11: what a superuser with triggers off does to sealed rows is found, and the first bad row is named. */
export const tampering: Proof = {
  name: 'tampering',
  title: '20,000 rows of the journal, 500 times tampered with by a superuser',
  promises: ['A2'],
  seconds: 90,
  async run(setting): Promise<Outcome> {
    await using stage = await openStage(setting);
    await fill(stage, 20_000);
    const { findings, rows, seals } = await checkSeals(stage.sql);
    const begun = performance.now();
    const { findings: missed, figures } = await tamper(
      await open(stage),
      setting.dice,
      Math.round(500 * setting.scale),
    );
    const rate = Math.round((rows * (figures.tamperings ?? 0)) / ((performance.now() - begun) / 1000));
    return {
      figures: { rows, seals, ...figures, 'rows verified/s, tampering included': rate },
      findings: [...findings, ...missed, ...stage.violations.findings()],
    };
  },
};

/** Rows of real calls, 200 a call, some of them refused. */
async function fill({ administrator, sql }: Stage, rows: number): Promise<void> {
  for (let count = 0; count < rows; ) {
    await administrator.submitWorkBatch({
      tasks: Array.from({ length: 100 }, (_, index) => ({ title: `task ${index}` })),
    });
    const { task } = await administrator.getWork();
    const refused = { task_id: String(task?.task_id), claim_token: 7 };
    await administrator.completeWork(refused).catch(() => {});
    const [row] = await sql<{ count: number }[]>`select count(*)::integer from coord.journal`;
    count = row?.count ?? 0;
  }
}

async function open({ sql, administrator }: Stage) {
  const checkpoint = await headOf(sql);
  const { session_id } = await administrator.registerSession();
  const [row] = await sql<{ project_id: number }[]>`select project_id from coord.projects where name = ${project}`;
  return readJournal(sql, { project_id: row?.project_id ?? 0, session_id, checkpoint });
}

/** What a checkpoint says, without its signature, which is not what this is about. */
async function headOf(sql: Stage['sql']): Promise<object> {
  const [head] = await sql<{ seal_number: number; seal_hash: string }[]>`
    select s.seal_number, encode(s.seal_hash, 'hex') as seal_hash from coord.seals s
    join coord.projects p using (project_id) where p.name = ${project} order by s.seal_number desc limit 1`;
  return head as object;
}
