import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startUp } from '../helpers/agentcoord.ts';
import type { Dice } from './dice.ts';
import type { DoorName } from './doors/index.ts';
import type { Setting } from './proof.ts';
import { project, type Stage } from './stage.ts';
import type { Orders } from './worker.ts';

const script = fileURLToPath(new URL('worker.ts', import.meta.url));

/** What a crew is to do, and how its members get in. */
export interface CrewPlan extends Pick<Orders, 'role' | 'plan' | 'clockError'> {
  /** One for each member. */
  doors: readonly DoorName[];
}

type Message = Record<string, unknown>;

/** Client processes that play one role; one that dies is replaced by another. */
export class Crew implements AsyncDisposable {
  readonly #members: ChildProcess[] = [];
  /** Of each first member: that it is there, or has gone. */
  readonly #arrivals: Promise<unknown>[] = [];
  readonly #cleanup = new AsyncDisposableStack();
  readonly #dice: Dice;
  #state: 'waiting' | 'at work' | 'stopping' = 'waiting';
  /** Deaths that nobody ordered and no signal explains: defects of the harness or of a client. */
  readonly failures: string[] = [];
  starts = 0;
  onMessage: (message: Message, member: ChildProcess) => void = () => {};

  private constructor(dice: Dice) {
    this.#dice = dice;
  }

  /** Resolves when everybody is there and waits for `start`. */
  static async hire(plan: CrewPlan, stage: Stage, { dice, folder }: Pick<Setting, 'dice' | 'folder'>): Promise<Crew> {
    const crew = new Crew(dice.for('crew'));
    mkdirSync(folder, { recursive: true });
    const home = join(stage.cluster.folder, 'home');
    const variables = { DATABASE_URL: stage.url, AGENTCOORD_HOME: home, AGENT_PROJECT: project };
    const needsServer = plan.doors.includes('http');
    const url = needsServer ? crew.#cleanup.use(await startUp(variables)).url : '';
    for (const [index, door] of plan.doors.entries()) {
      const agent = `${plan.role}-${door}-${index}`;
      const key = door === 'http' ? { api_key: await stage.keyFor(agent), url } : { url: stage.url };
      const { role, clockError } = plan;
      crew.#launch(index, {
        ...{ role, door, agent, folder, home, plan: plan.plan },
        ...key,
        seed: crew.#dice.between(1, 1e9),
        ...(clockError ? { clockError } : {}),
      });
    }
    await Promise.all(crew.#arrivals);
    return crew;
  }

  #launch(index: number, orders: Orders, life = 1): void {
    const agent = `${orders.agent}-${life}`;
    // The key is that of the agent; the name of the file of history is that of this life.
    const member = fork(script, [JSON.stringify({ ...orders, agent })], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, NODE_COMPILE_CACHE: join(orders.folder, '..', 'compiled') },
    });
    this.#members[index] = member;
    // From the beginning: the first is there before the last has been given a key.
    if (life === 1) this.#arrivals.push(Promise.race([once(member, 'message'), once(member, 'exit')]));
    this.starts++;
    let complaint = '';
    member.stderr?.on('data', (chunk) => {
      complaint = (complaint + chunk).slice(-2000);
    });
    member.on('message', (message: Message) => {
      if (!message.ready) this.onMessage(message, member);
      else if (this.#state === 'at work') tell(member, 'go');
    });
    member.on('exit', (code, signal) => {
      if (code) this.failures.push(`${agent} ended with ${code}: ${complaint}`);
      if (this.#state !== 'stopping' && (code === 0 || signal)) this.#launch(index, orders, life + 1);
    });
  }

  /** Lets all of them begin at once. */
  start(): void {
    this.#state = 'at work';
    for (const member of this.#members) tell(member, 'go');
  }

  /** SIGKILL for one of them. */
  killOne(): void {
    this.#dice.pick(this.#members).kill('SIGKILL');
  }

  /** What the system calls its members, for signals to all of them. */
  pids(): number[] {
    return this.#members.flatMap(({ pid }) => pid ?? []);
  }

  /** Lets everybody end what they are at, and ends those who do not; whoever is stopped has to be let go on. */
  async stop(): Promise<void> {
    this.#state = 'stopping';
    const alive = this.#members.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
    const exits = alive.map((member) => once(member, 'exit'));
    for (const member of alive) tell(member, 'stop');
    const late = setTimeout(() => alive.forEach((member) => void member.kill('SIGKILL')), 10_000);
    await Promise.all(exits);
    clearTimeout(late);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#cleanup.disposeAsync();
  }
}

/** Somebody who was just killed hears nothing: that is no error. */
export function tell(member: ChildProcess, word: 'go' | 'stop'): void {
  if (member.connected) member.send(word, () => {});
}

/**
 * Does something again and again until the time is over or the proof has found enough: each `every` seconds, however
 * long it takes itself, and with half of that in between on a machine that is too slow for it.
 */
export async function during(
  seconds: number,
  every: number,
  step: () => Promise<boolean | undefined> | boolean | undefined,
): Promise<void> {
  const until = performance.now() + seconds * 1000;
  for (let next = performance.now(); performance.now() < until; ) {
    next = Math.max(next + every * 1000, performance.now() + every * 500);
    await pause(Math.max(0, Math.min(next, until) - performance.now()));
    if (await step()) return;
  }
}
