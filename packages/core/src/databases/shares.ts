import { CoordinationError } from '@agentcoord/contract';
import { within } from '../deadline.ts';

/** Calls of one key that wait for their turn at most. */
const longestLine = 200;

/** What a key has under way, and its calls that come after that. */
interface Share {
  underWay: number;
  line: (() => void)[];
}

/**
 * Divides the connections among keys, so that no key keeps those of the others busy. A key may begin a further call while
 * that leaves at least as many connections free as it has under way already: half of them for one that is alone, a third
 * for each of two. One call of each key is always let through. The others wait in a line of the key's own.
 */
export class Shares {
  readonly #connections: number;
  readonly #patience: number;
  readonly #shares = new Map<string, Share>();
  #underWay = 0;

  /** `patience`: milliseconds that a call may stand in line. */
  constructor(connections: number, patience: number) {
    this.#connections = connections;
    this.#patience = patience;
  }

  /** Runs a call when its key may; throws `limit_exceeded` when too many of that key's are before it. */
  take<Answer>(args: Readonly<Record<string, unknown>>, run: () => Promise<Answer>): Promise<Answer> {
    // Whoever has no key is the process itself, or the user whose process it is.
    const { key_id: key } = (args.p_caller ?? {}) as { key_id?: string };
    return key === undefined ? run() : this.#takeOfKey(key, run);
  }

  async #takeOfKey<Answer>(key: string, run: () => Promise<Answer>): Promise<Answer> {
    const share = this.#shares.get(key) ?? { underWay: 0, line: [] };
    this.#shares.set(key, share);
    if (this.#mayBegin(share)) this.#begin(share);
    else await this.#standInLine(share);
    try {
      return await run();
    } finally {
      this.#underWay--;
      share.underWay--;
      if (share.underWay === 0 && share.line.length === 0) this.#shares.delete(key);
      this.#callNext();
    }
  }

  #mayBegin({ underWay }: Share): boolean {
    return underWay === 0 || underWay < this.#connections - this.#underWay;
  }

  #begin(share: Share): void {
    this.#underWay++;
    share.underWay++;
  }

  #standInLine(share: Share): Promise<void> {
    const { line } = share;
    if (line.length >= longestLine) throw tooMany(line.length);
    let begin = () => {};
    const turn = new Promise<void>((resolve) => {
      begin = resolve;
    });
    line.push(begin);
    return within(this.#patience, turn, () => {
      line.splice(line.indexOf(begin), 1);
      return tooMany(line.length);
    });
  }

  /** One of each key that may; a key has a further call end as long as it has others in line. */
  #callNext(): void {
    for (const share of this.#shares.values()) {
      if (share.line.length === 0 || !this.#mayBegin(share)) continue;
      this.#begin(share);
      share.line.shift()?.();
    }
  }
}

function tooMany(waiting: number): CoordinationError {
  return new CoordinationError({
    code: 'limit_exceeded',
    message: `${waiting} calls of this key wait for others of its calls to end.`,
    hint: 'Make fewer calls at the same time, and call again in a few seconds.',
  });
}
