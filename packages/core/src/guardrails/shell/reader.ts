import { forEachChild, type ParsedScript, type SyntaxNode } from 'unbash';
import { type Examination, TooComplex } from '../finding.ts';
import { run } from './command.ts';
import { evaluate, evaluatedWords, expandAgain } from './evaluation.ts';
import { isForkBomb } from './functions.ts';
import { parsed } from './parsing.ts';
import { inputOf, redirectTo } from './redirections.ts';
import { hole, merged, outputHoles, Scope, type Stream } from './scope.ts';
import type { Node } from './syntax.ts';
import { fieldsOf, isPartOfWord, type Substitutions, wordValue } from './words.ts';

/** Reads a shell script: every command in it is judged, wherever it stands. Answers what it prints, if that is known. */
export function readShell(text: string, examination: Examination, scope = new Scope(), input: Stream = {}): Stream {
  return examination.within(() => {
    examination.read(text.length);
    const script = parsed(text);
    if (!script) throw new TooComplex();
    return new Reader(text, examination, scope).script(script, input);
  });
}

/** Commands after which a reading pauses: each is short, or counted by what it reads. */
const commandsAtOnce = 16;

/** Reads a shell script that stands by itself, with a pause every now and then. */
export const shellReading = (text: string, examination: Examination): Generator<undefined, void> =>
  examination.deeper(readCommands(text, examination));

function* readCommands(text: string, examination: Examination): Generator<undefined, void> {
  examination.read(text.length);
  const script = parsed(text);
  yield;
  if (!script) throw new TooComplex();
  yield* new Reader(text, examination, new Scope()).commands(script);
}

/** Words of a loop that are tried one by one. */
const wordsTried = 8;

/** Walks the syntax tree of one text. */
export class Reader implements Substitutions {
  readonly text: string;
  readonly examination: Examination;
  readonly scope: Scope;
  /** What substitutions print, so that their commands are judged once. */
  readonly #outputs = new Map<SyntaxNode, Stream>();

  constructor(text: string, examination: Examination, scope: Scope) {
    this.text = text;
    this.examination = examination;
    this.scope = scope;
  }

  script(script: ParsedScript, input: Stream): Stream {
    this.#reportErrors(script);
    return this.list(script.commands, input);
  }

  /** Judges command after command of a script, with pauses. What they print goes nowhere. */
  *commands(script: ParsedScript): Generator<undefined, void> {
    this.#reportErrors(script);
    for (const [index, node] of script.commands.entries()) {
      if (index % commandsAtOnce === commandsAtOnce - 1) yield;
      this.node(node, {});
    }
  }

  #reportErrors({ errors: [error] = [] }: ParsedScript): void {
    if (error) this.examination.report('unparsable', this.text.slice(Math.max(0, error.pos - 20), error.pos + 60));
  }

  list(nodes: readonly SyntaxNode[], input: Stream): Stream {
    const streams = nodes.map((node) => this.node(node, input));
    return merged(streams);
  }

  /** Judges what a node does, and answers what it prints. */
  node(node: SyntaxNode, input: Stream): Stream {
    this.examination.spend();
    switch (node.type) {
      case 'Script':
        return this.script(node, input);
      case 'Statement':
        return node.background
          ? this.scope.apart(() => this.node(node.command, input))
          : this.node(node.command, input);
      case 'Pipeline':
        return this.pipeline(node, input);
      case 'Command':
        return run(node, this, input);
      case 'Redirected':
        return this.redirected(node, input);
      case 'For':
      case 'Select':
        return this.loop(node, input);
      case 'Function':
        return this.function(node, input);
      case 'AndOr':
        return this.andOr(node, input);
      case 'If':
      case 'While':
      case 'Case':
        return this.scope.functions.perhaps(() => this.children(node, input));
      case 'CompoundList':
        return this.list(node.commands, input);
      case 'Subshell':
        return this.subshell(node, input);
      case 'BraceGroup':
        return this.list(node.body.commands, input);
      case 'ArithmeticWord':
        this.evaluated(node.value);
        return this.children(node, input);
      case 'TestBinary':
      case 'TestUnary':
        for (const word of evaluatedWords(node)) this.evaluated(wordValue(word, this.scope, this));
        return this.children(node, input);
      default:
        return this.children(node, input);
    }
  }

  /** Where it goes, the commands after it do not. */
  subshell({ body }: Node<'Subshell'>, input: Stream): Stream {
    const { directory } = this.scope;
    const stream = this.scope.apart(() => this.list(body.commands, input));
    this.scope.enter(directory);
    return stream;
  }

  /** What follows `&&` and `||` may be left out. */
  andOr({ commands: [first, ...others] }: Node<'AndOr'>, input: Stream): Stream {
    const before = first ? [this.node(first, input)] : [];
    return merged([...before, ...this.scope.functions.perhaps(() => others.map((node) => this.node(node, input)))]);
  }

  /** All that stands inside a node of another kind: words with commands in them, branches, bodies of loops. */
  children(node: SyntaxNode, input: Stream): Stream {
    const streams: Stream[] = [];
    forEachChild(node, (child) => {
      if (child.type === 'CommandExpansion' || child.type === 'ProcessSubstitution') this.printed(child);
      else streams.push(this.node(child, input));
    });
    return merged(streams);
  }

  pipeline(node: Node<'Pipeline'>, input: Stream): Stream {
    let stream = input;
    const run = () => {
      for (const command of node.commands) stream = this.node(command, stream);
    };
    // Of several, each is a process of its own.
    if (node.commands.length > 1) this.scope.apart(run);
    else run();
    return stream;
  }

  redirected({ command, redirects, pos, end }: Node<'Redirected'>, input: Stream): Stream {
    for (const redirect of redirects) this.children(redirect, {});
    const output = this.node(command, inputOf(redirects, this, input));
    for (const redirect of redirects) redirectTo(redirect, this, output, this.text.slice(pos, end));
    return output;
  }

  /**
   * The variable of a loop is each of its words in turn: a value that is split even where it is quoted. Where it is a part
   * of a word, the first ones are tried one by one, as well.
   */
  loop(node: Node<'For'> | Node<'Select'>, input: Stream): Stream {
    const words = (node.wordlist ?? []).flatMap((word) => {
      this.children(word, {});
      return this.fields(word);
    });
    const name = node.name.value;
    const isPart = isPartOfWord(name, this.text.slice(node.body.pos, node.body.end));
    for (const word of isPart && words.length > 1 ? words.slice(0, wordsTried) : []) {
      this.scope.set(name, word);
      this.scope.functions.perhaps(() => this.list(node.body.commands, input));
    }
    this.scope.set(name, words.length > 0 ? words.join('\u0001') : hole);
    return this.scope.functions.perhaps(() => this.list(node.body.commands, input));
  }

  function(node: Node<'Function'>, input: Stream): Stream {
    const name = node.name.value;
    this.examination.spend((node.end - node.pos) / 500);
    const body = this.text.slice(node.body.pos, node.body.end);
    if (isForkBomb(name, body)) this.examination.report('fork_bomb', this.text.slice(node.pos, node.end));
    this.scope.functions.define(name, (scope, stream) => {
      // Inside itself it is a name that nobody knows, or it would never end.
      scope.functions.delete(name);
      return new Reader(this.text, this.examination, scope).node(node.body as SyntaxNode, stream);
    });
    return this.examination.within(() => this.scope.functions.perhaps(() => this.node(node.body as SyntaxNode, input)));
  }

  fields(word: Node<'Word'>): string[] {
    return fieldsOf(word, this.scope, this);
  }

  outputOf(part: Node<'CommandExpansion'>): string {
    const { text, remote, hidden, secret } = this.printed(part);
    if (remote) return outputHoles.remote;
    if (secret !== undefined) return outputHoles.secret;
    return text ?? (hidden ? outputHoles.hidden : outputHoles.printed);
  }

  evaluated(expression: string): void {
    evaluate(expression, this.scope, this.examination);
  }

  prompted(value: string): void {
    expandAgain(value, this.scope, this.examination);
  }

  spendOn(characters: number): void {
    this.examination.read(characters);
  }

  expanded(value: string): string {
    this.spendOn(value.length);
    return value;
  }

  fileOf(part: Node<'ProcessSubstitution'>): string {
    const printed = this.printed(part);
    if (part.operator === '<') return this.scope.substitute(printed);
    // Its commands read what is written to it.
    return this.scope.substitute({}, (content) => this.substituted(part, content));
  }

  /** What a substitution prints; its commands are judged on the way, once. */
  printed(part: Node<'CommandExpansion'> | Node<'ProcessSubstitution'>): Stream {
    const before = this.#outputs.get(part);
    if (before) return before;
    // To decode one of these costs as much as the text is long.
    if (part.text.startsWith('`')) this.examination.spend(this.text.length / 1000);
    let stream = this.substituted(part, {});
    // What there is nothing in prints nothing: r$()m is rm.
    if (/^(?:\$\(\s*\)|`\s*`)$/.test(part.text)) stream = { text: '' };
    this.#outputs.set(part, stream);
    return stream;
  }

  /** Judges the commands of a substitution, which another process runs. */
  substituted({ script }: Node<'CommandExpansion'> | Node<'ProcessSubstitution'>, input: Stream): Stream {
    if (!script) return {};
    const reader = script.source === undefined ? this : new Reader(script.source, this.examination, this.scope);
    return this.examination.within(() => this.scope.apart(() => reader.script(script, input)));
  }
}
