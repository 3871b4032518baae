import type postgres from 'postgres';
import { type Verdict, verdictAfter } from '../helpers/tampering.ts';
import type { Dice } from './dice.ts';
import type { Finding } from './proof.ts';

/** What somebody did with triggers off, and where verify_audit must say that it was done. */
interface Tampering {
  kind: string;
  statements: string[];
  problem: string;
  cursor: string;
}

/** A sealed journal, and what was known of it before anybody touched it. */
export interface SealedJournal {
  sql: postgres.Sql;
  project_id: number;
  /** A session that may verify it. */
  session_id: string;
  /** Of all sealed rows, in order. */
  cursors: string[];
  seals: { first: string; last: string }[];
  /** The head of the chain, as somebody kept it elsewhere. */
  checkpoint: object;
}

export async function readJournal(
  sql: postgres.Sql,
  { project_id, session_id, checkpoint }: Pick<SealedJournal, 'project_id' | 'session_id' | 'checkpoint'>,
): Promise<SealedJournal> {
  const seals = await sql<{ first: string; last: string }[]>`
    select first_xact_id || '-' || first_entry_id as first, last_xact_id || '-' || last_entry_id as last
    from coord.seals where project_id = ${project_id} order by seal_number`;
  const rows = await sql<{ cursor: string }[]>`
    select xact_id || '-' || entry_id as cursor from coord.journal where project_id = ${project_id}
    order by xact_id, entry_id`;
  const cursors = rows.map(({ cursor }) => cursor);
  const sealed = cursors.slice(0, cursors.indexOf(seals.at(-1)?.last ?? '') + 1);
  return { sql, project_id, session_id, checkpoint, seals, cursors: sealed };
}

/** Tampers so many times, each time with a journal as it was, and says what was not found or not named. */
export async function tamper(journal: SealedJournal, dice: Dice, times: number) {
  const figures: Record<string, number> = { tamperings: 0, found: 0, named: 0 };
  const findings: Finding[] = [];
  for (let time = 0; time < times && findings.length < 5; time++) {
    const plan = (kinds[time % kinds.length] as (typeof kinds)[number])(journal, dice);
    const verdict = await verdictAfter(
      journal,
      journal,
      async (tx) => {
        for (const statement of plan.statements) await tx.unsafe(statement);
      },
      journal.checkpoint,
    );
    const isNamed = verdict.first_bad?.cursor === plan.cursor && verdict.first_bad.problem === plan.problem;
    figures.tamperings = time + 1;
    if (!verdict.intact) figures.found = (figures.found ?? 0) + 1;
    if (isNamed) figures.named = (figures.named ?? 0) + 1;
    figures[plan.kind] = (figures[plan.kind] ?? 0) + 1;
    if (!isNamed) findings.push(missed(plan, verdict));
  }
  return { figures, findings };
}

function missed({ kind, problem, cursor, statements }: Tampering, verdict: Verdict): Finding {
  const what = verdict.intact ? `${kind} was not found` : `${kind} was not named: ${problem} ${cursor}`;
  return { promise: 'A2', what, seen: { verdict, statements } };
}

type Plan = (journal: SealedJournal, dice: Dice) => Tampering;

const keyOf = (cursor: string) => {
  const [xact_id, entry_id] = cursor.split('-');
  return `('${xact_id}'::xid8, ${entry_id})`;
};
const at = ({ project_id }: SealedJournal, cursor: string) =>
  `project_id = ${project_id} and (xact_id, entry_id) = ${keyOf(cursor)}`;

const flips = [
  'project_id = project_id + 1000',
  "started_at = started_at - interval '1 microsecond'",
  "at = at + interval '1 microsecond'",
  'session_id = gen_random_uuid()',
  "agent = coalesce(agent, '') || 'x'",
  "operation = operation || '_'",
  "outcome = case outcome when 'ok' then 'held' else 'ok' end",
  "resource = resource || ' '",
  `detail = coalesce(detail, '{}') || '{"forged": true}'`,
];

const flip: Plan = (journal, dice) => {
  const cursor = dice.pick(journal.cursors);
  const change = dice.pick(flips);
  const problem = change.startsWith('project_id') ? 'missing' : 'changed';
  const statements = [`update coord.journal set ${change} where ${at(journal, cursor)}`];
  return { kind: 'flips', problem, cursor, statements };
};

const remove: Plan = (journal, dice) => {
  const cursor = dice.pick(journal.cursors);
  const statements = [`delete from coord.journal where ${at(journal, cursor)}`];
  return { kind: 'deletes', problem: 'missing', cursor, statements };
};

const contents = ['started_at', 'at', 'session_id', 'agent', 'operation', 'outcome', 'resource', 'detail'];

const swap: Plan = (journal, dice) => {
  const one = dice.between(0, journal.cursors.length - 2);
  const other = dice.between(one + 1, journal.cursors.length - 1);
  const [first, second] = [journal.cursors[one] as string, journal.cursors[other] as string];
  const set = contents.map((column) => `${column} = o.${column}`).join(', ');
  const pair = `(${keyOf(first)}, ${keyOf(second)})`;
  const statement = `update coord.journal j set ${set} from coord.journal o
    where j.project_id = ${journal.project_id} and o.project_id = j.project_id and j.entry_id <> o.entry_id
      and (j.xact_id, j.entry_id) in ${pair} and (o.xact_id, o.entry_id) in ${pair}`;
  return { kind: 'swaps', problem: 'changed', cursor: first, statements: [statement] };
};

const after = ({ project_id }: SealedJournal, cursor: string) =>
  `delete from coord.journal where project_id = ${project_id} and (xact_id, entry_id) > ${keyOf(cursor)}`;

const cutRows: Plan = (journal, dice) => {
  const last = dice.between(0, journal.cursors.length - 2);
  const [cursor, next] = journal.cursors.slice(last, last + 2) as [string, string];
  return { kind: 'cuts', problem: 'missing', cursor: next, statements: [after(journal, cursor)] };
};

/** With the seals: only the checkpoint shows it, and the last seal that is left is what is still proved. */
const cutSeals: Plan = (journal, dice) => {
  const kept = dice.between(1, journal.seals.length - 1);
  const cursor = journal.seals[kept - 1]?.last as string;
  const row = journal.cursors.indexOf(cursor);
  const last = journal.cursors[dice.between(row, Math.min(row + 900, journal.cursors.length - 1))] as string;
  const seals = `project_id = ${journal.project_id} and seal_number > ${kept}`;
  const statements = [
    after(journal, last),
    `delete from coord.seals where ${seals}`,
    `delete from coord.seal_leaves where ${seals}`,
  ];
  return { kind: 'cuts with seals', problem: 'checkpoint_missing', cursor, statements };
};

const forge: Plan = (journal, dice) => {
  const lastXact = journal.cursors.at(-1)?.split('-')[0];
  const candidates = journal.cursors.filter((cursor) => cursor.split('-')[0] !== lastXact);
  const model = dice.pick(candidates);
  const statement = `insert into coord.journal (project_id, xact_id, entry_id, ${contents.join()}) overriding system value
    select project_id, xact_id, 1000000000, ${contents.join()} from coord.journal where ${at(journal, model)}`;
  const cursor = `${model.split('-')[0]}-1000000000`;
  return { kind: 'forgeries', problem: 'added', cursor, statements: [statement] };
};

/** A row is changed and its seal made anew, so that it fits its rows: the next seal, or the checkpoint, tells. */
const rewrite: Plan = (journal, dice) => {
  const number = dice.between(1, journal.seals.length);
  const { first, last } = journal.seals[number - 1] as { first: string; last: string };
  const seal = `s.project_id = ${journal.project_id} and s.seal_number = ${number}`;
  const statements = [
    `update coord.journal set agent = 'forged' where ${at(journal, last)}`,
    `update coord.seal_leaves s set leaves = (
      select string_agg(coord._leaf(j), '' order by j.xact_id, j.entry_id) from coord.journal j
      where j.project_id = s.project_id and (j.xact_id, j.entry_id) between ${keyOf(first)} and ${keyOf(last)}) where ${seal}`,
    `update coord.seals s set rows_hash = (
      select sha256(l.leaves) from coord.seal_leaves l where l.project_id = s.project_id and l.seal_number = s.seal_number)
      where ${seal}`,
    `update coord.seals s set seal_hash = coord._seal_hash(s) where ${seal}`,
  ];
  const isLast = number === journal.seals.length;
  const [problem, cursor] = isLast ? ['checkpoint_differs', last] : ['seal_changed', first];
  return { kind: 'rewritten seals', problem: problem as string, cursor: cursor as string, statements };
};

/** Flips, deletions, swaps and cuts mostly. */
const kinds: readonly Plan[] = [flip, remove, swap, cutRows, flip, remove, swap, cutSeals, forge, rewrite];
