import { CoordinationError, type Coordinator, coordinatorOver, type Trust } from '@agentcoord/contract';
import { localTransport } from '@agentcoord/core';
import { httpTransport } from '@agentcoord/sdk';
import type { Dice } from './dice.ts';
import { project, type Stage } from './stage.ts';

/** One try to decide or to use, and what it was told. */
export interface Trial {
  /** Whose try it was, or in which way it was wrong. */
  by: 'other' | 'requester' | 'untrusted' | 'link' | 'changed' | 'stranger';
  done: boolean;
  status?: string;
  /** True when no answer came: it may have happened. */
  unknown: boolean;
}

type Attempt = () => Promise<Trial>;

/** Who asks, decides and uses in the proof of approvals. */
export interface Cast {
  request(payload: object): Promise<string>;
  /** Tokens of three links. */
  links(approval_id: string): Promise<string[]>;
  decisions(approval_id: string, tokens: readonly string[], count: number, dice: Dice): Attempt[];
  decide(approval_id: string): Promise<unknown>;
  uses(approval_id: string, payload: object): Attempt[];
  useAgain(approval_id: string, payload: object): Promise<Trial>;
}

export async function castOf(stage: Stage, url: string): Promise<Cast> {
  const local = (agent: string, trust: Trust, label = agent) =>
    coordinatorOver(localTransport(stage.database, project, { agent, agent_type: 'faults', trust, label }));
  const behind = (apiKey: string) => coordinatorOver(httpTransport({ url, apiKey }));
  const keyed = async (agent: string, trust: Trust) => behind(await stage.keyFor(agent, trust));
  const asker = await keyed('asker', 4);
  const child = behind((await asker.createKey({ agent: 'child', trust: 4 })).api_key);
  const grandchild = behind((await child.createKey({ agent: 'grandchild', trust: 4 })).api_key);
  const namesake = local('asker', 4);
  const own = [asker, child, grandchild, namesake, await keyed('asker', 4)];
  const others = [
    ...[1, 2, 3, 4].map((n) => local(`judge-${n}`, 3)),
    ...(await Promise.all([5, 6, 7].map((n) => keyed(`judge-${n}`, 3)))),
  ];
  const untrusted = [await keyed('low', 2), local('low-too', 2)];

  const decide = (session: Coordinator, approval_id: string, decision: 'approve' | 'deny', by: Trial['by']) => () =>
    tried(by, session.decideApproval({ approval_id, decision }));
  const use = (session: Coordinator, approval_id: string, payload: object, by: Trial['by']) => () =>
    tried(by, session.useApproval({ approval_id, payload: { ...payload } }));

  return {
    request: async (payload) => {
      // One agent asks more than it may in an hour.
      await stage.sql`update coord.agents set messages = 0 where agent = 'asker'`;
      const input = { action_type: 'deploy', description: 'A round of the proof', payload: { ...payload } };
      return (await stage.insist(() => asker.requestApproval(input))).approval_id;
    },
    links: async (approval_id) => {
      const tokens: string[] = [];
      while (tokens.length < 3) tokens.push(await stage.insist(() => newLink(stage, approval_id)));
      return tokens;
    },
    decisions: (approval_id, tokens, count, dice) =>
      Array.from({ length: count }, () => {
        const decision = dice.chance(0.7) ? 'approve' : 'deny';
        const chance = dice.fraction();
        if (chance < 0.2) return () => byLink(`${url}/a/${dice.pick(tokens)}`, decision);
        if (chance < 0.45) return decide(dice.pick(own), approval_id, decision, 'requester');
        if (chance < 0.5) return decide(dice.pick(untrusted), approval_id, decision, 'untrusted');
        return decide(dice.pick(others), approval_id, decision, 'other');
      }),
    // Refused when it was carried out already by a try that was not answered.
    decide: (approval_id) => stage.insist(() => known(decide(local('judge-0', 3), approval_id, 'approve', 'other')())),
    uses: (approval_id, payload) => [
      ...[asker, namesake, asker, namesake, asker].map((session) => use(session, approval_id, payload, 'requester')),
      ...[{}, { ...payload, round: -1 }, { ...payload, more: true }].map((changed) =>
        use(asker, approval_id, changed, 'changed'),
      ),
      ...[others[0], child].map((session) => use(session as Coordinator, approval_id, payload, 'stranger')),
    ],
    useAgain: (approval_id, payload) => stage.insist(() => known(use(asker, approval_id, payload, 'requester')())),
  };
}

async function newLink({ sql, database }: Stage, approval_id: string): Promise<string> {
  await sql`update coord.approval_webhooks set due_at = clock_timestamp() where approval_id = ${approval_id}`;
  const taken = await database.call('take_webhooks', { p_limit: 100, p_with_links: true });
  const mine = (taken as { approval_id: string; token: string }[]).find((row) => row.approval_id === approval_id);
  if (!mine) throw new Error('No link was made.');
  return mine.token;
}

async function tried(by: Trial['by'], call: Promise<object>): Promise<Trial> {
  try {
    const { status } = (await call) as { status?: string };
    return { by, done: true, unknown: false, ...(status === undefined ? {} : { status }) };
  } catch (error) {
    if (!(error instanceof CoordinationError)) throw error;
    return { by, done: false, unknown: error.retryable };
  }
}

/** Fails while nobody answers, so that it is tried again. */
async function known(trying: Promise<Trial>): Promise<Trial> {
  const trial = await trying;
  if (trial.unknown) throw new Error('The database is away.');
  return trial;
}

async function byLink(link: string, decision: 'approve' | 'deny'): Promise<Trial> {
  const response = await fetch(link, { method: 'POST', body: new URLSearchParams({ decision }) });
  await response.text();
  const done = response.status === 200;
  const unknown = ![200, 409].includes(response.status);
  return { by: 'link', done, unknown, status: decision === 'approve' ? 'approved' : 'denied' };
}
