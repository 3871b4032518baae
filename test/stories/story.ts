import { CoordinationError, type Coordinator, coordinatorOver, type ErrorBody } from '@agentcoord/contract';
import { expect } from 'vitest';
import type { Door, Holder, OpenDoor } from '../doors/door.ts';
import type { TestDatabase } from '../helpers/database.ts';
import { validating } from '../helpers/validating.ts';

/** One door with a database of its own, and everybody who has come through it. */
export class Story {
  readonly door: Door;
  readonly db: TestDatabase;
  readonly #open: OpenDoor;
  readonly #present = new Map<string, Promise<Coordinator>>();

  constructor(door: Door, db: TestDatabase, open: OpenDoor) {
    this.door = door;
    this.db = db;
    this.#open = open;
  }

  /** The holder of that name; who was here before is the same one. */
  enter(agent: string, who: Partial<Holder> = {}): Promise<Coordinator> {
    const [least = 2] = this.door.trusts;
    const holder = { agent, project: 'story', trust: least, ...who };
    const coordinator =
      this.#present.get(agent) ?? this.#open.enter(holder).then((invoker) => coordinatorOver(validating(invoker)));
    this.#present.set(agent, coordinator);
    return coordinator;
  }

  /** The two that most stories are about. */
  pair(): Promise<[Coordinator, Coordinator]> {
    return Promise.all([this.enter('ann'), this.enter('bob')]);
  }

  /** Lets the locks on a path expire a second ago. */
  async expireLock(path: string): Promise<void> {
    await this.db.sql`update coord.locks set expires_at = clock_timestamp() - interval '1 second' where path = ${path}`;
  }

  /** Lets the claim on a task lapse a second ago. */
  async expireClaim(taskId: string): Promise<void> {
    await this.db.sql`
      update coord.tasks set claim_expires_at = clock_timestamp() - interval '1 second' where task_id = ${taskId}`;
  }

  /** Lets a session miss its heartbeats, until three seconds ago. */
  async lapse(sessionId: string): Promise<void> {
    await this.db.sql`
      update coord.sessions set lease_expires_at = clock_timestamp() - interval '3 seconds', fresh_until = '-infinity'
      where session_id = ${sessionId}`;
  }
}

/** The envelope of a call that must fail; one without a hint is no envelope. */
export async function refusalOf(call: Promise<unknown>): Promise<ErrorBody> {
  const error = await call.then(
    () => expect.unreachable('the call was answered'),
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(CoordinationError);
  const body = (error as CoordinationError).toJSON().error;
  expect(body.hint).toMatch(/\.$/);
  return body;
}
