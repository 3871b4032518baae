import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startUp } from '../../helpers/agentcoord.ts';
import { type Cast, castOf, type Trial } from '../cast.ts';
import { type ApprovalRow, checkApprovals, judgeDecisions, judgeUses } from '../checks/approvals.ts';
import type { Finding, Outcome, Proof, Setting } from '../proof.ts';
import { openStage, project, type Stage } from '../stage.ts';

const rounds = 300;
const atOnce = 50;

/** What happens to a round beside its decisions. */
type Fate = 'plain' | 'late' | 'crash while deciding' | 'crash while using';

/** Proof 17: everybody decides at once, by right and without it, in time and late; then everybody uses at once. */
export const approvals: Proof = {
  name: 'approvals',
  title: `${rounds} approvals, each decided ${atOnce} times at once, late, by the requester, and used with other payloads`,
  promises: ['P1'],
  seconds: 80,
  async run(setting): Promise<Outcome> {
    await using cleanup = new AsyncDisposableStack();
    const stage = cleanup.use(await openStage(setting));
    const home = join(stage.cluster.folder, 'home');
    const variables = { DATABASE_URL: stage.url, AGENTCOORD_HOME: home, AGENT_PROJECT: project };
    const server = cleanup.use(await startUp(variables));
    const cast = await castOf(stage, server.url);
    const figures = { rounds: 0, decisions: 0, counted: 0, 'own refused': 0, late: 0, uses: 0, used: 0, crashes: 0 };
    const findings: Finding[] = [];
    const begun = performance.now();
    const total = Math.max(1, Math.round(rounds * setting.scale));
    while (figures.rounds < total && !setting.signal.aborted && !(setting.hunting && findings.length > 0)) {
      findings.push(...(await playRound(stage, cast, setting, figures)));
      figures.rounds++;
    }
    findings.push(...(await checkApprovals(stage)));
    const seconds = Math.round((performance.now() - begun) / 1000);
    return { figures: { seconds, ...figures }, findings: [...findings, ...stage.violations.findings()] };
  },
};

type Figures = Record<
  'rounds' | 'decisions' | 'counted' | 'own refused' | 'late' | 'uses' | 'used' | 'crashes',
  number
>;

async function playRound(stage: Stage, cast: Cast, { dice }: Setting, figures: Figures): Promise<Finding[]> {
  const fate = fateOf(figures.rounds);
  const payload = { round: figures.rounds, nonce: dice.between(1, 1e9) };
  const approval_id = await cast.request(payload);
  const tokens = await cast.links(approval_id);
  const decisions = cast.decisions(approval_id, tokens, atOnce, dice);
  const decided = await beside(stage, fate, approval_id, () => Promise.all(decisions.map((trial) => trial())), dice);
  const row = await rowOf(stage, approval_id);
  const findings = judgeDecisions(decided, row, fate === 'plain' || fate === 'crash while using');
  // Nobody's decision arrived: the crash has left it as it was, and it can be decided still.
  if (row.status === 'pending' && fate !== 'late') await cast.decide(approval_id);
  const before = await rowOf(stage, approval_id);
  const used = await beside(
    stage,
    fate === 'crash while using' ? fate : 'plain',
    approval_id,
    () => Promise.all(cast.uses(approval_id, payload).map((trial) => trial())),
    dice,
  );
  const after = await rowOf(stage, approval_id);
  const again = await cast.useAgain(approval_id, payload);
  findings.push(...judgeUses(used, again, before, after, fate !== 'crash while using'));
  count(figures, decided, used, fate, after);
  return findings;
}

function fateOf(round: number): Fate {
  if (round % 50 === 20) return 'crash while deciding';
  if (round % 50 === 45) return 'crash while using';
  return round % 4 === 3 ? 'late' : 'plain';
}

/** Runs it, and lets happen meanwhile what the round has in store. */
async function beside<Result>(
  { sql, cluster }: Stage,
  fate: Fate,
  approval_id: string,
  run: () => Promise<Result>,
  dice: Setting['dice'],
): Promise<Result> {
  const running = run();
  if (fate === 'plain') return running;
  await pause(dice.between(0, 30));
  if (fate === 'late') {
    await sql`
      update coord.approvals set expires_at = clock_timestamp() where approval_id = ${approval_id} and status = 'pending'`;
  } else {
    await cluster.crash();
    await cluster.start();
  }
  return running;
}

function rowOf({ sql, insist }: Stage, approval_id: string): Promise<ApprovalRow> {
  return insist(async () => {
    const rows = await sql<ApprovalRow[]>`
      select approval_id, status, used_at is not null as used, expires_at <= clock_timestamp() as over
      from coord.approvals where approval_id = ${approval_id}`;
    // The last, not the first: postgres.js counts a row that came before a crash to the next query of the connection.
    return rows.at(-1) as ApprovalRow;
  });
}

function count(figures: Figures, decided: Trial[], used: Trial[], fate: Fate, row: ApprovalRow): void {
  figures.decisions += decided.length;
  figures.counted += decided.filter(({ done }) => done).length;
  figures['own refused'] += decided.filter(({ by, done }) => by === 'requester' && !done).length;
  figures.late += fate === 'late' ? 1 : 0;
  figures.uses += used.length + 1;
  figures.used += row.used ? 1 : 0;
  figures.crashes += fate.startsWith('crash') ? 1 : 0;
}
