import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { CoordinationError, type Operation, operationNamed, type Transport } from '@agentcoord/contract';
import { localTransport, postgresDatabase } from '@agentcoord/core';
import { httpTransport } from '@agentcoord/sdk';
import { startUp } from '../../helpers/agentcoord.ts';
import { during } from '../crew.ts';
import type { Dice } from '../dice.ts';
import { FaultyWay } from '../faulty_way.ts';
import type { Finding, Outcome, Proof } from '../proof.ts';
import { openStage, project, type Stage } from '../stage.ts';

const keys = 2000;
const clients = 16;

/** Proof 3: connections break after the request and before the answer, and clients ask again with the same key. */
export const unknownOutcomes: Proof = {
  name: 'outcomes',
  title: '2,000 idempotency keys, each sent 3 to 20 times over connections that break, and a database that crashes',
  promises: ['S2', 'S4'],
  seconds: 60,
  async run(setting): Promise<Outcome> {
    await using cleanup = new AsyncDisposableStack();
    const stage = cleanup.use(await openStage(setting));
    const { dice } = setting;
    const toDatabase = cleanup.use(
      await FaultyWay.before(stage.url, dice.for('database'), { delayed: 0.02, lost: 0.005, unanswered: 0.02 }),
    );
    const url = toDatabase.through(stage.url);
    const variables = {
      DATABASE_URL: url,
      AGENTCOORD_HOME: join(stage.cluster.folder, 'home'),
      AGENT_PROJECT: project,
    };
    // The way to the database may break under its start, too; then it says so and ends.
    const server = cleanup.use(await stage.insist(() => startUp(variables)));
    const weather = { delayed: 0.03, lost: 0.03, unanswered: 0.12, half_closed: 0.03, dark: 0.001 };
    const toServer = cleanup.use(await FaultyWay.before(server.url, dice.for('server'), weather));
    const ways = await Promise.all(
      Array.from({ length: clients }, async (_, index) => {
        if (index % 4 === 0) return cleanup.adopt(directly(url, index), (transport) => transport.close());
        return httpTransport({ url: toServer.through(server.url), apiKey: await stage.keyFor(`outcome-${index}`) });
      }),
    );
    const over = new AbortController();
    const crashing = crashNowAndThen(stage, over.signal);
    const share = Math.ceil((keys * setting.scale) / clients);
    const trials = await Promise.all(
      ways.map((way, index) => tryKeys(way, share, dice.for(`client ${index}`), `k${index}`)),
    );
    over.abort();
    const crashes = await crashing;
    const results = trials.flat();
    const findings = [...results.flatMap(({ finding }) => finding ?? []), ...(await countEffects(stage, results))];
    const sent = results.reduce((sum, { tries }) => sum + tries, 0);
    const unknown = results.reduce((sum, result) => sum + result.unknown, 0);
    const cuts = (toServer.counts.unanswered ?? 0) + (toDatabase.counts.unanswered ?? 0);
    const figures = { keys: results.length, sent, unknown, 'cuts before the answer': cuts, crashes };
    return { figures, findings: [...findings, ...stage.violations.findings()] };
  },
};

function directly(url: string, index: number): Transport {
  const database = postgresDatabase({ kind: 'postgres', connection: url, where: 'The database', pool: 2 });
  return localTransport(database, project, {
    agent: `outcome-${index}`,
    agent_type: 'core',
    trust: 2,
    label: 'outcome',
  });
}

async function crashNowAndThen({ cluster }: Stage, signal: AbortSignal): Promise<number> {
  let crashes = 0;
  while (!signal.aborted) {
    await during(8, 0.25, () => signal.aborted);
    if (signal.aborted) break;
    await cluster.crash();
    await cluster.start();
    crashes++;
  }
  return crashes;
}

interface Result {
  key: string;
  tries: number;
  unknown: number;
  operation: string;
  answer: unknown;
  finding?: Finding;
}

async function tryKeys(way: Transport, count: number, dice: Dice, name: string): Promise<Result[]> {
  const results: Result[] = [];
  for (let number = 0; number < count; number++) results.push(await tryKey(way, dice, `${name}-${number}`));
  return results;
}

/** Sends the same call again and again, up to three of them at once, until it was sent often enough and answered. */
async function tryKey(way: Transport, dice: Dice, key: string): Promise<Result> {
  const operation = operationNamed(dice.chance(0.3) ? 'acquire_lock' : 'submit_work') as Operation;
  const input = operation.name === 'acquire_lock' ? { paths: [`${key}.ts`], ttl_seconds: 3600 } : { title: key };
  const result: Result = { key, tries: 0, unknown: 0, operation: operation.name, answer: undefined };
  const wanted = dice.between(3, 20);
  for (const most = wanted + 60; result.tries < wanted || (result.answer === undefined && result.tries < most); ) {
    const burst = dice.between(1, 3);
    result.tries += burst;
    await Promise.all(Array.from({ length: burst }, () => tryOnce(way, operation, input, result)));
  }
  if (result.answer === undefined) {
    result.finding = { promise: 'S4', what: `${key} was never answered, in ${result.tries} tries` };
    return result;
  }
  const other = await way
    .invoke(operation, { ...input, ...otherBody[operation.name] }, { idempotency_key: key })
    .catch((error: CoordinationError) => error.code);
  if (typeof other !== 'string')
    result.finding = { promise: 'S2', what: `${key} with another body was carried out`, seen: other };
  return result;
}

const otherBody: Record<string, object> = { acquire_lock: { reason: 'another' }, submit_work: { title: 'another' } };

async function tryOnce(way: Transport, operation: Operation, input: object, result: Result): Promise<void> {
  try {
    const answer = await way.invoke(operation, input, { idempotency_key: result.key });
    result.answer ??= answer;
    if (!isDeepStrictEqual(answer, result.answer)) {
      result.finding = { promise: 'S2', what: `${result.key} was answered in two ways`, seen: [result.answer, answer] };
    }
  } catch (error) {
    result.unknown++;
    if (error instanceof CoordinationError && error.retryable) return;
    result.finding = { promise: 'S2', what: `${result.key} was refused: ${error}`, seen: error };
  }
}

/** Each key has had its effect once. */
async function countEffects({ sql }: Stage, results: readonly Result[]): Promise<Finding[]> {
  const rows = await sql<{ key: string; effects: number }[]>`
    select title as key, count(*)::integer as effects from coord.tasks group by title
    union all select replace(path, '.ts', ''), token::integer from coord.locks`;
  const effects = new Map(rows.map((row) => [row.key, row.effects]));
  return results.flatMap(({ key, answer }) => {
    const count = effects.get(key) ?? 0;
    if (count === 1) return [];
    return [{ promise: 'S2', what: `${key} had ${count} effects`, seen: answer }];
  });
}
