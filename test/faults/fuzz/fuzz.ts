import { readFileSync } from 'node:fs';
import { coordinatorOver } from '@agentcoord/contract';
import { type Database, localTransport } from '@agentcoord/core';
import type postgres from 'postgres';
import { startUp } from '../../helpers/agentcoord.ts';
import { type World, worldOf } from '../../helpers/example_inputs.ts';
import type { Dice } from '../dice.ts';
import type { Finding, Outcome } from '../proof.ts';
import { StdioDoor, sendHttp, sendMcp, Unsendable } from './doors.ts';
import type { Verdict } from './judge.ts';
import { httpRequest, mcpMessage } from './requests.ts';

/** What is fuzzed: a migrated database, to which server processes connect. */
export interface FuzzTarget {
  database: Database;
  /** Superuser. */
  sql: postgres.Sql;
  /** DATABASE_URL. */
  url: string;
  /** AGENTCOORD_HOME of the processes. */
  home: string;
}

export interface FuzzPlan {
  inputs: number;
  dice: Dice;
  signal?: AbortSignal;
}

/** A key sends a sixtieth of all, so that none of them comes to its limits. */
const keys = 60;

/** Sends inputs to HTTP, MCP over HTTP and MCP on stdio one after the other, and looks after each what it has changed. */
export async function fuzz(target: FuzzTarget, { inputs, dice, signal }: FuzzPlan): Promise<Outcome> {
  await using cleanup = new AsyncDisposableStack();
  await target.sql.unsafe(readFileSync(new URL('changes.sql', import.meta.url), 'utf8')).simple();
  const project = 'fuzz';
  const variables = { DATABASE_URL: target.url, AGENTCOORD_HOME: target.home, AGENT_PROJECT: project };
  const server = cleanup.use(await startUp(variables));
  const stdio = cleanup.use(await StdioDoor.open({ ...variables, AGENT_ID: 'fuzz-stdio', AGENTCOORD_TOOLSETS: 'all' }));
  const caller = await callersOf(target.database, project);
  const figures = { inputs: 0, 'over HTTP': 0, 'over MCP': 0, 'on stdio': 0, refused: 0, accepted: 0 };
  const findings: Finding[] = [];
  const doors = [
    ['over HTTP', sendOverHttp],
    ['over HTTP', sendOverHttp],
    ['over MCP', sendOverMcp],
    ['on stdio', sendOnStdio],
  ] as const;
  const context: Context = { ...caller, url: server.url, stdio, key: '' };
  await changesOf(target.sql);
  while (figures.inputs < inputs && !signal?.aborted && findings.length < 50) {
    const number = figures.inputs;
    const throws = dice.for(`input ${number}`);
    const [door, send] = throws.pick(doors);
    context.key = caller.keys[number % keys] as string;
    const tried = await send(context, throws);
    if (!tried) continue;
    figures.inputs++;
    figures[door]++;
    figures[tried.verdict.refused ? 'refused' : 'accepted']++;
    const changed = await changesOf(target.sql);
    const problem =
      tried.verdict.problem ?? (tried.verdict.refused && changed ? `refused, and yet: ${changed}` : undefined);
    if (problem !== undefined)
      findings.push({ promise: 'S5', what: `input ${number} ${door}: ${problem}`, seen: tried.sent });
  }
  if (server.child.exitCode !== null) findings.push({ promise: 'S5', what: 'the HTTP server has ended' });
  return { figures, findings };
}

interface Context {
  world: World;
  keys: readonly string[];
  url: string;
  stdio: StdioDoor;
  key: string;
}

interface Tried {
  verdict: Verdict;
  /** The request as it was sent, cut short. */
  sent: string;
}

/** Undefined when the client refuses to send such a thing. */
async function sendOverHttp({ world, url, key }: Context, dice: Dice): Promise<Tried | undefined> {
  const request = httpRequest(world, dice);
  try {
    const { method, target, headers, body } = request;
    const sent = `${method} ${target.slice(0, 300)} ${JSON.stringify(headers)} ${body?.toString('latin1', 0, 400) ?? ''}`;
    return { verdict: await sendHttp(url, key, request), sent };
  } catch (error) {
    if (error instanceof Unsendable) return undefined;
    throw error;
  }
}

async function sendOverMcp({ world, url, key }: Context, dice: Dice): Promise<Tried> {
  const { text } = mcpMessage(world, dice, 'fuzz');
  return { verdict: await sendMcp(url, key, text), sent: text.toString('latin1', 0, 600) };
}

async function sendOnStdio({ world, stdio }: Context, dice: Dice): Promise<Tried> {
  const { text, isRequest } = mcpMessage(world, dice, 'fuzz');
  // One line is one message; what else there is in it comes with the next.
  const line = Buffer.from(text.filter((byte) => byte !== 0x0a));
  return { verdict: await stdio.send(line, isRequest ? 'fuzz' : undefined), sent: line.toString('latin1', 0, 600) };
}

/** Keys of every trust, each with its session, and things that they can be about. */
async function callersOf(database: Database, project: string): Promise<{ world: World; keys: string[] }> {
  const root = { agent: 'root', agent_type: 'faults', trust: 4, label: 'root' };
  const administrator = coordinatorOver(localTransport(database, project, root));
  const { session_id } = await administrator.registerSession();
  const world = await worldOf({ ...administrator, session_id });
  const made: string[] = [];
  for (let number = 0; number < keys; number++) {
    const trust = [4, 2, 3, 1, 2, 0][number % 6] as number;
    made.push((await administrator.createKey({ agent: `fuzz-${number}`, trust })).api_key);
  }
  return { world, keys: made };
}

/** What has changed since it was last asked; undefined for nothing. */
async function changesOf(sql: postgres.Sql): Promise<string | undefined> {
  const rows = await sql<{ what: string }[]>`
    with changes as (delete from fuzz.changes returning *)
    select c.what from changes c where not exists (select from changes o where o.opened and o.xact_id = c.xact_id)`;
  return rows.length === 0
    ? undefined
    : rows
        .map(({ what }) => what)
        .join('; ')
        .slice(0, 600);
}
