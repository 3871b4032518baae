import type { Finding } from '../proof.ts';
import { byRow, instantOf, type Stamp } from './stamps.ts';

const terminal = new Set(['done', 'failed', 'dead', 'cancelled']);

/** Operations that may take a live claim from its session, because whoever calls them has the right to. */
const takingAway = new Set(['cancel_task', 'retry_task']);

/** Q1, Q2, Q5 and Q8 on the history of each task's row, where tasks are submitted, claimed and completed alone. */
export function checkTaskStamps(stamps: readonly Stamp[]): Finding[] {
  return [...byRow(stamps).values()].flatMap((changes) => [
    ...changes.flatMap((stamp) => [
      ...brokenClaim(stamp),
      ...brokenLoss(stamp),
      ...brokenReturn(stamp),
      ...brokenEnd(stamp),
    ]),
    ...doubleEnds(changes),
  ]);
}

/** Whether the change hands the task to somebody. */
export function isClaim({ was, became }: Stamp): boolean {
  return became?.status === 'claimed' && (was?.status !== 'claimed' || was.claim_token !== became.claim_token);
}

function brokenClaim(stamp: Stamp): Finding[] {
  const { key, was, became, was_live, at } = stamp;
  if (!isClaim(stamp)) return [];
  const seen = { was, became };
  const findings: Finding[] = [];
  if (was?.status === 'claimed' && was_live) findings.push({ promise: 'Q1', what: `${key} was claimed twice`, seen });
  if (was && Number(became?.claim_token) <= Number(was.claim_token)) {
    findings.push({ promise: 'Q1', what: `the claim token of ${key} did not grow`, seen });
  }
  if (was && terminal.has(String(was.status)))
    findings.push({ promise: 'Q2', what: `${key} was claimed after its end`, seen });
  if (instantOf(became?.terms?.run_after) > at)
    findings.push({ promise: 'Q8', what: `${key} was claimed before run_after`, seen });
  return findings;
}

/** A claim that lives ends by its own session, or by somebody who may take it away. */
function brokenLoss({ key, was, became, was_live, by, operation }: Stamp): Finding[] {
  if (was?.status !== 'claimed' || became?.status === 'claimed' || !was_live) return [];
  if (by === was.claim_session_id || takingAway.has(String(operation))) return [];
  return [{ promise: 'Q1', what: `${key} was taken from a living claim`, seen: { was, became, by, operation } }];
}

/** An attempt ends once: a task that rests does not begin to rest anew, and one that has failed does not fail again. */
function brokenReturn({ key, was, became, operation }: Stamp): Finding[] {
  if (was?.status !== became?.status || (was?.status !== 'scheduled' && was?.status !== 'failed')) return [];
  if (was.due_at === became?.due_at && was.finished_at === became?.finished_at) return [];
  return [{ promise: 'Q5', what: `an attempt of ${key} was ended twice`, seen: { was, became, operation } }];
}

/** The stamp is made after the decision; in between, a lease may run out. */
const slack = 1000;

function brokenEnd({ key, was, became, by, at }: Stamp): Finding[] {
  if (became?.status !== 'done' || was?.status === 'done') return [];
  const lived = instantOf(was?.claim_expires_at) > at - slack;
  if (was?.status === 'claimed' && lived && by === was.claim_session_id) return [];
  return [{ promise: 'Q2', what: `${key} was completed by somebody who did not have it`, seen: { was, became, by } }];
}

function doubleEnds(changes: readonly Stamp[]): Finding[] {
  const ends = changes.filter(({ was, became }) => became?.status === 'done' && was?.status !== 'done');
  const undone = changes.filter(({ was, became }) => was?.status === 'done' && became?.status !== 'done');
  if (ends.length <= 1 && undone.length === 0) return [];
  return [{ promise: 'Q2', what: `${changes[0]?.key} was completed ${ends.length} times`, seen: [...ends, ...undone] }];
}

/** Q6: nothing is claimed before all that it depends on is done. */
export function checkOrder(
  stamps: readonly Stamp[],
  dependencies: readonly { task_id: string; depends_on: string }[],
): Finding[] {
  const firstClaim = new Map<string, number>();
  const done = new Map<string, number>();
  for (const stamp of stamps) {
    const id = stamp.key;
    if (isClaim(stamp) && !firstClaim.has(id)) firstClaim.set(id, stamp.stamp_id);
    if (stamp.became?.status === 'done' && !done.has(id)) done.set(id, stamp.stamp_id);
  }
  return dependencies.flatMap(({ task_id, depends_on }) => {
    const claimed = firstClaim.get(task_id);
    if (claimed === undefined || (done.get(depends_on) ?? Number.POSITIVE_INFINITY) < claimed) return [];
    return [{ promise: 'Q6', what: `${task_id} was claimed before ${depends_on} was done` }];
  });
}
