import { atOnce } from '../../slices.ts';
import type { Invocation } from '../shell/invocation.ts';
import { hole, type Stream } from '../shell/scope.ts';
import { unescaped } from '../shell/stages.ts';
import { runText } from '../tools/shells.ts';
import { type CodeToken, codeTokens } from './tokens.ts';

/** Longest text that is put together from literals: no command is as long. */
const longest = 4096;

/** Where an expression or a statement ends, beside brackets. */
const ends = new Set([';', '{', '}', ',', '|', '>', '?', '\n']);

/**
 * Reads a program of awk: what it hands to a shell, by `system`, through a pipe, or to read from it. Answers what it
 * prints when literals are a part of that, since a shell may read it.
 */
export function readAwk(code: string, call: Invocation, given: ReadonlyMap<string, string>): Stream {
  return call.examination.within(() => {
    call.examination.read(code.length);
    return new Program(code, call, given).run();
  });
}

class Program {
  readonly #tokens: readonly CodeToken[];
  readonly #call: Invocation;
  readonly #values: Map<string, string>;
  #printed = '';

  constructor(code: string, call: Invocation, given: ReadonlyMap<string, string>) {
    this.#tokens = atOnce(codeTokens(code, 'awk', () => call.examination.spend(0.1)));
    this.#call = call;
    this.#values = new Map(given);
  }

  run(): Stream {
    for (const [at, { kind, text }] of this.#tokens.entries()) {
      if (kind === 'name' && this.#is(at + 1, '=') && !this.#is(at + 2, '=')) this.#assign(text, at + 2);
      else if (kind === 'name' && text === 'system' && this.#is(at + 1, '(')) this.#start(this.#value(at + 2).text);
      else if (kind === 'name' && /^printf?$/.test(text)) this.#print(at);
      else if (text === 'getline' && this.#is(at - 1, '|')) this.#start(this.#value(this.#beginning(at - 1)).text);
    }
    return /[a-z]{2}/i.test(this.#printed) ? { text: this.#printed } : {};
  }

  #is(at: number, symbol: string): boolean {
    const token = this.#tokens[at];
    return token?.kind === 'symbol' && token.text === symbol;
  }

  #assign(name: string, at: number): void {
    this.#values.set(name, this.#value(at).text);
  }

  #start(command: string, input: Stream = {}): void {
    if (command !== '') runText(this.#call, command, { own: true, input });
  }

  /** `print a b | "sh"` gives a command what it prints; what goes nowhere else is printed. */
  #print(at: number): void {
    let [from, to] = [at + 1, at + 1];
    const parts: string[] = [];
    if (this.#is(from, '(')) from++;
    do {
      const { text, end } = this.#value(from);
      parts.push(text);
      [from, to] = [end + 1, end];
    } while (this.#is(to, ',') && parts.length < 100);
    if (this.#is(to, ')')) to++;
    const formatted = this.#tokens[at]?.text === 'printf' ? this.#formatted(parts) : `${parts.join(' ')}\n`;
    const whole = parts.length === 1 && (parts[0] === '' || parts[0] === this.#field('0'));
    if (this.#is(to, '|') && !this.#is(to + 1, '|')) {
      const command = this.#is(to + 1, '&') ? to + 2 : to + 1;
      this.#start(this.#value(command).text, whole ? this.#call.input : { text: formatted });
    } else if (!this.#is(to, '>')) this.#printed = (this.#printed + formatted).slice(0, longest);
  }

  #formatted([format = '', ...args]: readonly string[]): string {
    let index = 0;
    return unescaped(format).replace(/%[-\d.]*[sdiucxfg]/g, () => args[index++] ?? hole);
  }

  /** Where the expression begins that ends in front of a place. */
  #beginning(before: number): number {
    let at = before;
    while (at > 0 && before - at < 100 && !ends.has(this.#tokens[at - 1]?.text ?? '') && !this.#is(at - 1, '(')) at--;
    return this.#is(at + 1, '=') ? at + 2 : at;
  }

  /** The text of an expression from a place on, as far as it is known, and where it ends. Texts side by side are one. */
  #value(from: number): { text: string; end: number } {
    let text = '';
    let depth = 0;
    let at = from;
    for (; at < this.#tokens.length && at < from + 100; at++) {
      const token = this.#tokens[at] as CodeToken;
      const symbol = token.kind === 'symbol' ? token.text : '';
      if (depth === 0 && (ends.has(symbol) || symbol === ')')) break;
      if (symbol === '(' || symbol === '[') depth++;
      else if (symbol === ')' || symbol === ']') depth--;
      else if (token.kind === 'string') text += token.text;
      else if (token.kind === 'number') text += token.text;
      else if (token.kind === 'name') text += this.#values.get(token.text) ?? this.#field(token.text.slice(1));
      if (text.length > longest) break;
    }
    this.#call.examination.spend((at - from) / 10);
    return { text: text.slice(0, longest), end: at };
  }

  /** What a field of the first line of the input holds. */
  #field(number: string): string {
    const [line] = this.#call.input.text?.slice(0, longest).split('\n', 1) ?? [];
    if (line === undefined || !/^\d+$/.test(number)) return hole;
    return number === '0' ? line : (line.trim().split(/\s+/)[Number(number) - 1] ?? hole);
  }
}
