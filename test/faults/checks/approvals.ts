import type { Trial } from '../cast.ts';
import type { Finding } from '../proof.ts';
import type { Stage } from '../stage.ts';

/** What the database says of one approval. */
export interface ApprovalRow {
  approval_id: string;
  status: string;
  used: boolean;
  /** True when the time for deciding is over. */
  over: boolean;
}

const finding = (what: string, seen?: unknown): Finding => ({ promise: 'P1', what, seen });

/** One decision counts, it is the one the row has, and it is nobody's who may not decide. */
export function judgeDecisions(trials: readonly Trial[], row: ApprovalRow, mustCount: boolean): Finding[] {
  const won = trials.filter(({ done }) => done);
  const wrong = won.filter(({ by }) => by === 'requester' || by === 'untrusted');
  const findings = wrong.map(({ by }) => finding(`${by} has decided`, row));
  if (won.length > 1) findings.push(finding(`${won.length} decisions were accepted`, { won, row }));
  if (won.length === 1 && won[0]?.status !== row.status) {
    findings.push(finding('the accepted decision is not the one that stands', { won, row }));
  }
  const isDecided = ['approved', 'denied'].includes(row.status);
  if (won.length === 0 && isDecided && !trials.some(({ unknown }) => unknown)) {
    findings.push(finding('nobody was told that the decision is theirs', row));
  }
  if (mustCount && won.length === 0 && !trials.some(({ unknown }) => unknown))
    findings.push(finding('none of the decisions was accepted', row));
  return findings;
}

/** It is used once, when it was approved, with the payload that was, by who asked; and never again. */
export function judgeUses(
  trials: readonly Trial[],
  again: Trial,
  before: ApprovalRow,
  after: ApprovalRow,
  mustCount: boolean,
): Finding[] {
  const used = trials.filter(({ done }) => done);
  const findings = used
    .filter(({ by }) => by === 'changed' || by === 'stranger')
    .map(({ by }) => finding(`used, ${by}`, after));
  if (used.length > 1) findings.push(finding(`used ${used.length} times at once`, after));
  if (used.length === 1 && !after.used) findings.push(finding('a use that was answered has left no trace', after));
  if (used.length > 0 && before.status !== 'approved') findings.push(finding(`used, though ${before.status}`, after));
  const isKnown = mustCount && !trials.some(({ unknown }) => unknown);
  if (before.status === 'approved' && isKnown && used.length === 0) findings.push(finding('could not be used', after));
  if (again.done && (after.used || before.status !== 'approved')) findings.push(finding('used again', after));
  if (!again.done && !after.used && before.status === 'approved') findings.push(finding('lost by the crash', after));
  return findings;
}

/** All approvals at the end: one journal row a decision and a use, one item in the inbox, nothing after its time. */
export async function checkApprovals({ sql, insist }: Stage): Promise<Finding[]> {
  const rows = await insist(
    () => sql<{ approval_id: string; wrong: string }[]>`
      with counted as (
        select a.*, 'approval:' || a.approval_id as subject, (
          select count(*) from coord.journal j where j.resource = 'approval:' || a.approval_id
            and j.operation = 'decide_approval' and j.outcome = 'ok') as decisions, (
          select count(*) from coord.journal j where j.resource = 'approval:' || a.approval_id
            and j.operation = 'use_approval' and j.outcome = 'ok') as uses, (
          select count(*) from coord.inbox_items i where i.subject = 'approval:' || a.approval_id) as items
        from coord.approvals a)
      select approval_id, concat_ws(', ',
        case when decisions <> (status in ('approved', 'denied'))::integer then decisions || ' decisions journalled' end,
        case when uses <> (used_at is not null)::integer then uses || ' uses journalled' end,
        case when items <> (status <> 'pending')::integer then items || ' items in the inbox' end,
        case when decided_at >= expires_at then 'decided after its time' end,
        case when used_at < decided_at then 'used before it was decided' end) as wrong
      from counted`,
  );
  return rows.filter(({ wrong }) => wrong !== '').map(({ approval_id, wrong }) => finding(`${approval_id}: ${wrong}`));
}
