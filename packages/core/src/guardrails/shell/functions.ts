import { TooComplex } from '../finding.ts';
import type { Scope, Stream } from './scope.ts';

/** What a name stands for once a function of that name is defined. */
export interface Definition {
  /** What a call does. */
  run(scope: Scope, input: Stream): Stream;
  /** False where the shell may as well go by without it: behind `&&`, in a branch, in another process. */
  certain: boolean;
}

/** Most definitions of one name that may all count. */
const most = 8;

/** The functions that a shell knows: of each name what it may be, and whether it can still be a program. */
export class Functions {
  readonly #known: Map<string, readonly Definition[]>;
  /** What was known before of the names that a part which may be left out has changed. */
  #changed: Map<string, readonly Definition[]> | undefined;

  /** Another process knows those that were exported, and nobody can tell which were. */
  constructor(parent?: Functions, process: 'same' | 'other' = 'same') {
    this.#known = new Map(parent ? parent.#known : []);
    if (process === 'other') for (const [name, definitions] of this.#known) this.#known.set(name, doubted(definitions));
  }

  /** Whether what is read now may be left out. */
  get inDoubt(): boolean {
    return this.#changed !== undefined;
  }

  get size(): number {
    return this.#known.size;
  }

  of(name: string): readonly Definition[] {
    return this.#known.get(name) ?? [];
  }

  define(name: string, run: Definition['run']): void {
    this.#set(name, [{ run, certain: true }]);
  }

  delete(name: string): void {
    if (this.#known.has(name)) this.#set(name, []);
  }

  /** Reads what may be left out, or is done by another process: what it defines counts afterwards beside what was before. */
  perhaps<Result>(read: () => Result): Result {
    const outer = this.#changed;
    const changed = new Map<string, readonly Definition[]>();
    this.#changed = changed;
    try {
      return read();
    } finally {
      this.#changed = outer;
      for (const [name, before] of changed) this.#set(name, either(before, this.of(name)));
    }
  }

  #set(name: string, definitions: readonly Definition[]): void {
    if (this.#changed && !this.#changed.has(name)) this.#changed.set(name, this.of(name));
    this.#known.set(name, definitions);
  }
}

const doubted = (definitions: readonly Definition[]) =>
  definitions.map((definition) => ({ ...definition, certain: false }));

function either(before: readonly Definition[], after: readonly Definition[]): readonly Definition[] {
  const kept = after.length === 0 ? doubted(before) : before;
  const added = after.filter(({ run }) => !before.some((definition) => definition.run === run));
  if (kept.length + added.length > most) throw new TooComplex();
  return [...kept, ...doubted(added)];
}

/** Whether a function starts itself twice, with a pipe between. */
export function isForkBomb(name: string, body: string): boolean {
  const calls = [...body.matchAll(/[^\s{};&|()]+/g)].filter(([word]) => word === name);
  return calls.length >= 2 && /\|[^|]/.test(body);
}
