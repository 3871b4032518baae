import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Coordinator, coordinatorOver } from '@agentcoord/contract';
import { localTransport, postgresDatabase } from '@agentcoord/core';
import { httpTransport } from '@agentcoord/sdk';
import { freePort, startUp, type Up } from '../../helpers/agentcoord.ts';
import type { Dice } from '../dice.ts';
import type { Finding, Outcome, Proof } from '../proof.ts';
import { openStage, project, type Stage } from '../stage.ts';

const writers = 16;
const consumers = 4;
const rows = 20_000;
const kills = 2;

/** Whoever goes on from where he was sees every row once, in the order of commits. */
export const eventStreams: Proof = {
  name: 'events',
  title: `${writers} writers, ${consumers} consumers that reconnect at random, the HTTP server killed ${kills} times`,
  promises: ['E1'],
  seconds: 40,
  async run(setting): Promise<Outcome> {
    await using cleanup = new AsyncDisposableStack();
    const stage = cleanup.use(await openStage(setting));
    const port = await freePort();
    const start = () =>
      startUp({
        DATABASE_URL: stage.url,
        AGENTCOORD_HOME: join(stage.cluster.folder, 'home'),
        AGENT_PROJECT: project,
        AGENTCOORD_PORT: String(port),
      });
    let server: Up = await start();
    cleanup.defer(async () => server[Symbol.asyncDispose]());
    const { cursor } = await stage.administrator.listEvents({ after: 'now' });
    const readers = await Promise.all(
      Array.from({ length: consumers }, async (_, index) => {
        const apiKey = await stage.keyFor(`consumer-${index}`, 1);
        return new Consumer(httpTransport({ url: server.url, apiKey }), cursor, setting.dice.for(`consumer ${index}`));
      }),
    );
    const begun = performance.now();
    const wanted = Math.round(rows * (setting.hunting ? 0.15 : setting.scale));
    const progress = { written: 0 };
    const writing = write(stage, wanted, progress, setting.dice, setting.signal);
    for (let kill = 1; kill <= kills; kill++) {
      while (progress.written < (wanted * kill) / (kills + 1) && !setting.signal.aborted) await pause(20);
      server.child.kill('SIGKILL');
      await server[Symbol.asyncDispose]();
      server = await start();
    }
    await writing;
    const expected = await journalAfter(stage, cursor);
    for (const reader of readers) reader.isCalm = true;
    await whileMoving(readers, expected.length);
    await pause(500);
    await Promise.all(readers.map((reader) => reader.stop()));
    const findings = readers.flatMap((reader, index) => compare(reader, expected, index));
    const reconnects = readers.reduce((sum, { connections }) => sum + connections, 0);
    const seconds = Math.round((performance.now() - begun) / 1000);
    const figures = {
      seconds,
      rows: expected.length,
      consumers,
      connections: reconnects,
      'kills of the server': kills,
    };
    return { figures, findings: [...findings, ...stage.violations.findings()] };
  },
};

/** Writers in process, on the connections of two. */
async function write(
  stage: Stage,
  wanted: number,
  progress: { written: number },
  dice: Dice,
  signal: AbortSignal,
): Promise<void> {
  const databases = [1, 2].map(() =>
    postgresDatabase({ kind: 'postgres', connection: stage.url, where: 'The database', pool: 8 }),
  );
  await Promise.all(
    Array.from({ length: writers }, async (_, index) => {
      const agent = `writer-${index}`;
      const identity = { agent, agent_type: 'core', trust: 2, label: agent };
      const database = databases[index % 2] as (typeof databases)[number];
      const writer = coordinatorOver(localTransport(database, project, identity));
      const own = dice.for(agent);
      while (progress.written < wanted && !signal.aborted) {
        const left = await act(writer, own, index);
        progress.written += left;
      }
    }),
  );
  await Promise.all(databases.map((database) => database.close()));
}

/** Something that is journalled; answers how many rows it leaves at least. */
async function act(writer: Coordinator, dice: Dice, index: number): Promise<number> {
  const path = `p${dice.between(0, 40)}.ts`;
  const { acquired } = await writer.acquireLock({ paths: [path] });
  if (acquired) await writer.releaseLock({ paths: [path] });
  else await writer.submitWork({ title: `by ${index}`, type: 'events' });
  return 2;
}

/** Until all have seen as much, or nobody has seen anything more for 30 s. */
async function whileMoving(readers: readonly Consumer[], count: number): Promise<void> {
  const seen = () => readers.reduce((sum, reader) => sum + Math.min(reader.seen.length, count), 0);
  for (let [last, movedAt] = [seen(), performance.now()]; last < count * readers.length; await pause(50)) {
    if (seen() > last) [last, movedAt] = [seen(), performance.now()];
    else if (performance.now() - movedAt > 30_000) return;
  }
}

/** Follows events, and breaks its connection off now and then. */
class Consumer {
  readonly seen: string[] = [];
  connections = 0;
  /** True once connections are left alone, so that it can catch up on a slow machine. */
  isCalm = false;
  /** What connections ended with, and how often. */
  readonly ends = new Map<string, number>();
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;

  constructor(transport: ReturnType<typeof httpTransport>, cursor: string, dice: Dice) {
    this.#done = this.#consume(transport, cursor, dice);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #consume(transport: ReturnType<typeof httpTransport>, begin: string, dice: Dice): Promise<void> {
    let after = begin;
    while (!this.#stop.signal.aborted) {
      this.connections++;
      const enough = AbortSignal.timeout(this.isCalm ? 60_000 : dice.between(20, 1500));
      const signal = AbortSignal.any([enough, this.#stop.signal]);
      try {
        // Each event is taken on its own, so that connections break between any two of them.
        for await (const event of coordinatorOver(transport).events({ after }, { signal })) {
          this.seen.push(event.cursor);
          after = event.cursor;
        }
      } catch (error) {
        const end = error instanceof Error ? `${error.message} ${causeOf(error)}` : String(error);
        this.ends.set(end, (this.ends.get(end) ?? 0) + 1);
        // Broken off, or the server is dead: it comes back with the last event that it has seen.
        await pause(dice.between(0, 60));
      }
    }
  }
}

/** What the system said of a connection that was not to be had. */
function causeOf(error: Error): string {
  const inner = error.cause as { code?: string; message?: string; cause?: { code?: string } } | undefined;
  return inner?.cause?.code ?? inner?.code ?? inner?.message ?? '';
}

async function journalAfter({ sql }: Stage, cursor: string): Promise<string[]> {
  const [xact = '0', entry = '0'] = cursor.split('-');
  const found = await sql<{ cursor: string }[]>`
    select j.xact_id || '-' || j.entry_id as cursor
    from coord.journal j join coord.projects p using (project_id)
    where p.name = ${project} and (j.xact_id, j.entry_id) > (${xact}::text::xid8, ${entry}::bigint)
    order by j.xact_id, j.entry_id`;
  return found.map((row) => row.cursor);
}

function compare({ seen, ends }: Consumer, expected: readonly string[], consumer: number): Finding[] {
  const known = new Set(expected);
  const once = new Set(seen);
  const lost = expected.filter((cursor) => !once.has(cursor));
  const twice = seen.length - once.size;
  const foreign = seen.filter((cursor) => !known.has(cursor)).length;
  const place = seen.findIndex((cursor, index) => cursor !== expected[index]);
  if (lost.length + twice + foreign === 0 && place < 0) return [];
  const what = `consumer ${consumer}: ${lost.length} lost, ${twice} twice, ${foreign} unknown, first deviation at ${place}`;
  return [{ promise: 'E1', what, seen: { lost: lost.slice(0, 5), ends: Object.fromEntries(ends) } }];
}
