import type { Coordinator } from '@agentcoord/contract';
import type { Connection, Field } from '../field.ts';
import type { Ground } from '../ground.ts';
import { rowsOf, type Targets } from '../group.ts';
import { type Plan, race, type Side } from '../measure.ts';
import type { Peer } from '../peers/peer.ts';
import type { Row } from '../row.ts';

/** Measures in a database that only the peer and we are in, and that nobody has used before. */
export async function onFreshField(
  ground: Ground,
  open: (connection: Connection) => Promise<Peer>,
  measure: (field: Field, peer: Peer) => Promise<Row[]>,
): Promise<Row[]> {
  await using field = await ground.openField('peer');
  await using peer = await open(ground.server.connection('peer'));
  return await measure(field, peer);
}

/** Putting a task into the queue. */
export async function submitRows(field: Field, peer: Peer, name: string, plan: Plan, targets: Targets): Promise<Row[]> {
  const title = 'Rename the field in every caller';
  const ours: Side = { run: (worker) => (field.coordinators[worker] as Coordinator).submitWork({ title }) };
  const series = await race({ settle: field.settle, ours, other: peer.submit }, plan);
  return rowsOf(`submit / ${name}`, series, targets);
}

/** Claiming a task and completing it in one of our ways, with so many tasks waiting beside those that a window claims. */
export async function claimRows(
  field: Field,
  peer: Peer,
  { name, ours, waiting, most }: { name: string; ours: Side; waiting: number; most?: number },
  plan: Plan,
  targets: Targets,
): Promise<Row[]> {
  for (const side of [ours, peer.claim]) await side.prepare?.(waiting);
  const contest = { settle: field.settle, ours, other: peer.claim, ...(most ? { most } : {}) };
  return rowsOf(name, await race(contest, plan), targets);
}
