import { isDeepStrictEqual } from 'node:util';
import { intersections } from '../checks/locks.ts';
import type { Answer, Model, Step } from './model.ts';

/** What may happen to locks. */
export type LockDeed = Step &
  (
    | { kind: 'acquire'; paths: string[]; shared: boolean }
    | { kind: 'release'; path: string; token?: number }
    | { kind: 'expire'; path: string }
    | { kind: 'look' }
    | { kind: 'nothing' }
  );

interface Hold {
  path: string;
  actor: number;
  shared: boolean;
  token: number;
  expired: boolean;
}

export const lockFiles = ['src/a.ts', 'src/b.ts', 'lib/e.ts', 'resource:gpu'];
export const lockPaths = [...lockFiles, 'src/', 'lib/*.ts'];
const meet = intersections(lockFiles);

/** Who holds what: all of it in one list. */
export class LockModel implements Model<LockDeed> {
  holds: Hold[] = [];
  tokens: Record<string, number> = {};

  clone(): LockModel {
    return Object.assign(new LockModel(), structuredClone({ holds: this.holds, tokens: this.tokens }));
  }

  fingerprint(): string {
    const order = (one: Hold, other: Hold) => one.path.localeCompare(other.path) || one.actor - other.actor;
    return JSON.stringify([this.holds.toSorted(order), Object.entries(this.tokens).sort()]);
  }

  agrees(deed: LockDeed, answer: Answer): boolean {
    if (deed.kind === 'nothing') return true;
    if (deed.kind === 'expire') {
      for (const hold of this.holds) if (hold.path === deed.path) hold.expired = true;
      return true;
    }
    if ('code' in answer) return false;
    if (deed.kind === 'look') return this.#isSeen(answer.answer.locks as Hold[], deed.actor);
    if (deed.kind === 'release') return this.#release(deed) === answer.answer.released;
    const granted = this.#acquire(deed);
    if (!granted || !answer.answer.acquired) return !granted && !answer.answer.acquired;
    const told = (answer.answer.locks as Record<string, unknown>[]).map(({ expires_at: _, ...lock }) => ({
      shared: false,
      ...lock,
    }));
    return isDeepStrictEqual(told, granted);
  }

  #acquire({ actor, paths, shared }: LockDeed & { kind: 'acquire' }): object[] | undefined {
    const wanted = [...new Set(paths)].sort();
    const others = this.holds.filter((hold) => hold.actor !== actor && wanted.some((path) => meet(path, hold.path)));
    if (others.some((hold) => !hold.expired && !(hold.shared && shared))) return undefined;
    // What had expired has passed on: its holder does not get it back, and is told.
    this.holds = this.holds.filter((hold) => !others.includes(hold) || (hold.shared && shared));
    return wanted.map((path) => {
      const mine = this.holds.find((hold) => hold.path === path && hold.actor === actor);
      const renewed = mine !== undefined && !mine.expired && mine.shared === shared;
      if (!renewed) this.tokens[path] = (this.tokens[path] ?? 0) + 1;
      const token = renewed ? mine.token : (this.tokens[path] as number);
      this.holds = this.holds.filter((hold) => hold !== mine);
      this.holds.push({ path, actor, shared, token, expired: false });
      return { path, token, shared, renewed, ...(mine?.expired ? { lapsed: true } : {}) };
    });
  }

  #release({ actor, path, token }: LockDeed & { kind: 'release' }): boolean {
    const mine = this.holds.find((hold) => hold.path === path && hold.actor === actor);
    if (!mine || mine.expired || (token !== undefined && token !== mine.token)) return false;
    this.holds = this.holds.filter((hold) => hold !== mine);
    return true;
  }

  #isSeen(locks: readonly (Hold & { mine: boolean })[] | Hold[], actor: number): boolean {
    const line = (path: string, token: number, shared: boolean, mine: boolean) => `${path} ${token} ${shared} ${mine}`;
    const seen = (locks as (Hold & { mine: boolean })[]).map((lock) =>
      line(lock.path, lock.token, lock.shared, lock.mine),
    );
    const held = this.holds.filter(({ expired }) => !expired);
    const expected = held.map((hold) => line(hold.path, hold.token, hold.shared, hold.actor === actor));
    return isDeepStrictEqual(seen.sort(), expected.sort());
  }
}
