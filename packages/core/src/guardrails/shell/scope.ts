import { TooComplex } from '../finding.ts';
import { descriptorFile, fileName } from './descriptors.ts';
import { Functions } from './functions.ts';

/** Stands in a value for what cannot be known from the text. NUL is refused before anything is read. */
export const hole = '\u0000';
/** The same for output of a command: from the network, decoded from what is not shown, of a command that reads secrets, of any other. */
export const outputHoles = { remote: '\u0003', hidden: '\u0004', printed: '\u0005', secret: '\u0006' } as const;

const holes = new RegExp(`[${[hole, ...Object.values(outputHoles)].join('')}]`, 'g');

/** True when nothing of a value is known. */
export const isUnknown = (value: string) => value !== '' && value.replace(holes, '').trim() === '';

/** A value as people may read it. */
export const shown = (value: string) => value.replace(holes, '…');

/** What flows through a pipe, or stands in a file, as far as it is known. */
export interface Stream {
  /** The content, when the text says it. */
  text?: string | undefined;
  /** From the network. */
  remote?: boolean | undefined;
  /** Decoded from something that the text does not show. */
  hidden?: boolean | undefined;
  /** Holds secrets: of which file or command. */
  secret?: string | undefined;
  /** What an interactive shell says. */
  session?: boolean | undefined;
}

/** What several commands print one after the other. */
export function merged(streams: readonly Stream[]): Stream {
  if (streams.length === 1) return streams[0] as Stream;
  const printing = streams.filter(({ text }) => text !== undefined);
  return {
    text: printing.length > 0 ? printing.map(({ text }) => text).join('') : undefined,
    remote: streams.some(({ remote }) => remote),
    hidden: streams.some(({ hidden }) => hidden),
    secret: streams.find(({ secret }) => secret)?.secret,
  };
}

const known: Record<string, string> = {
  HOME: '~',
  PWD: '.',
  OLDPWD: '.',
  TMPDIR: '/tmp',
  IFS: ' ',
  SHELL: 'sh',
  BASH: 'bash',
};

/** Longest value of a variable; `A=$A$A` a few times makes it longer than memory. */
const longestValue = 65_536;

/** Longest path that a system takes. */
export const longestPath = 4096;

/** What earlier commands of the same text have set: variables, functions, and the content of files. */
export class Scope {
  readonly variables: Map<string, string>;
  readonly aliases: Map<string, string>;
  /** Names that the text has given to programs, by a copy or a link: what they are. */
  readonly renamed: Map<string, string>;
  /** Settings that the text has given to git for good, as `key=value`. */
  readonly gitSettings: string[];
  readonly functions: Functions;
  /** Where `cd` has gone, from where the text begins. */
  #directory: string | undefined = '';
  readonly #files: Map<string, Stream>;
  /** What is done with that which is written to a file. */
  readonly #readers: Map<string, (content: Stream) => void>;
  /** Variables that stand for another one, by its name. */
  readonly #references: Map<string, string>;
  /** What variables were before another process changed them. */
  #changed: Map<string, string | undefined> | undefined;

  /** A shell that another one starts sees its variables, and cannot change them. */
  constructor(parent?: Scope, process: 'same' | 'other' = 'same') {
    this.variables = new Map(parent?.variables);
    this.aliases = new Map(parent?.aliases);
    this.functions = new Functions(parent?.functions, process);
    this.#directory = parent ? parent.#directory : '';
    this.#files = parent ? parent.#files : new Map();
    this.#readers = parent ? parent.#readers : new Map();
    this.gitSettings = parent ? parent.gitSettings : [];
    this.renamed = parent ? parent.renamed : new Map();
    this.#references = new Map(parent ? parent.#references : []);
  }

  /** Keeps a value; throws when values have grown so that nobody can look at them all. */
  set(written: string, value: string): void {
    if (value.length > longestValue) throw new TooComplex();
    const name = this.#referred(written);
    if (this.#changed && !this.#changed.has(name)) this.#changed.set(name, this.variables.get(name));
    this.variables.set(name, value);
  }

  /** Reads what another process does: values that are known keep what they were, and functions are not relied upon. */
  apart<Result>(read: () => Result): Result {
    const outer = this.#changed;
    const changed = new Map<string, string | undefined>();
    this.#changed = changed;
    try {
      return this.functions.perhaps(read);
    } finally {
      this.#changed = outer;
      for (const [name, value] of changed) if (value !== undefined) this.variables.set(name, value);
    }
  }

  valueOf(name: string): string | undefined {
    const referred = this.#referred(name);
    return this.variables.get(referred) ?? known[referred];
  }

  /** Makes one variable stand for another one, as `declare -n` does. */
  refer(name: string, to: string): void {
    this.#references.set(name, to);
  }

  /** The variable that one stands for; few stand for each other in turn. */
  #referred(name: string): string {
    let referred = name;
    for (let turn = 0; turn < 8; turn++) {
      const to = this.#references.get(referred);
      if (to === undefined) return referred;
      referred = to;
    }
    return referred;
  }

  /** How many things a copy of it holds. */
  get size(): number {
    return this.variables.size + this.#references.size + this.aliases.size + this.functions.size;
  }

  /** A scope below this one, with what `$1`, `$@` and the like stand for in it. */
  called(name: string, args: readonly string[], process: 'same' | 'other' = 'same'): Scope {
    const inner = new Scope(this, process);
    inner.set('0', name);
    inner.setArguments(args);
    return inner;
  }

  /** Sets `$1`, `$@` and the like. */
  setArguments(args: readonly string[]): void {
    for (let index = 1; index <= 9; index++) {
      const arg = args[index - 1];
      if (arg === undefined) this.variables.delete(String(index));
      else this.set(String(index), arg);
    }
    for (const all of ['@', '*']) this.set(all, args.join('\u0001'));
  }

  /** A path as seen from where the text begins. */
  located(path: string): string {
    if (/^([/~]|[A-Za-z]:)/.test(path) || this.#directory === '') return path;
    return `${this.#directory ?? hole}/${path}`;
  }

  get directory(): string | undefined {
    return this.#directory;
  }

  /** Goes to a folder; nobody knows which it is when it is undefined, or longer than any can be. */
  enter(directory: string | undefined): void {
    this.#directory = directory !== undefined && directory.length > longestPath ? undefined : directory;
  }

  fileAt(path: string): Stream | undefined {
    return this.#files.get(fileName(path));
  }

  writeFile(path: string, content: Stream, append = false): void {
    const name = fileName(path);
    const before = append ? this.#files.get(name) : undefined;
    const text = before?.text !== undefined && content.text !== undefined ? before.text + content.text : content.text;
    this.#files.set(name, { ...before, ...content, text });
    this.#readers.get(name)?.(content);
  }

  /** The path under which a process substitution is read, or written to. */
  substitute(content: Stream, read?: (content: Stream) => void): string {
    const path = descriptorFile(63 + this.#files.size);
    this.writeFile(path, content);
    if (read) this.#readers.set(path, read);
    return path;
  }
}
