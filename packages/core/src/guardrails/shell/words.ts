import type { DoubleQuotedChild, Word, WordPart } from 'unbash';
import { bracesOf } from './braces.ts';
import { parameterValue } from './parameters.ts';
import { hole, type Scope } from './scope.ts';
import { separators, between as split } from './separators.ts';
import type { Node } from './syntax.ts';

/** Keeps a quoted empty word. */
const quote = '\u0002';

/** What the shell would make of such a control character, no rule looks for. */
const marks = new RegExp(`[${hole}${split}${quote}]`, 'g');

/** Says what a command inside a word prints, and reads it. */
export interface Substitutions {
  outputOf(part: Node<'CommandExpansion'>): string;
  fileOf(part: Node<'ProcessSubstitution'>): string;
  spendOn(characters: number): void;
  /** Reads what is evaluated as a number, or as the name of an element. */
  evaluated(expression: string): void;
  /** Reads a value that is expanded as a prompt. */
  prompted(value: string): void;
  /** Counts what a variable or a command has put into a word. */
  expanded(value: string): string;
}

/** Whether a variable stands beside something else somewhere, as in `/$name`, `${name}.txt` and `${name%x}`. */
export function isPartOfWord(name: string, text: string): boolean {
  if (!/^\w+$/.test(name)) return false;
  const [before, after] = ['[^\\s"\'=]"?', '"?[^\\s"\';)}]'];
  const value = `\\$(?:${name}\\b|\\{${name}\\})`;
  return new RegExp(`${before}${value}|${value}${after}|\\$\\{${name}[^\\w}]`).test(text);
}

/** The fields that a word becomes when the shell has expanded it, with holes for what is not known. */
export function fieldsOf(word: Word, scope: Scope, substitutions: Substitutions): string[] {
  if (!word.parts) return [word.value];
  const expanded = valuesOf(word.parts, scope, substitutions, false);
  return expanded.flatMap((value) =>
    value
      .split(split)
      .filter((field) => field !== '')
      .map((field) => field.replaceAll(quote, '')),
  );
}

/** The value of a word where the shell does not split it: in assignments, redirections, here-strings. */
export function wordValue(word: Word, scope: Scope, substitutions: Substitutions): string {
  const [value = ''] = word.parts ? valuesOf(word.parts, scope, substitutions, true) : [word.value];
  return clean(value);
}

/** The text of a here-document. */
export function textOf(parts: readonly WordPart[], scope: Scope, substitutions: Substitutions): string {
  return clean(parts.map((part) => partValue(part, scope, substitutions, true)).join(''));
}

const clean = (value: string) => value.replaceAll(split, ' ').replaceAll(quote, '');

function withoutLineEnds(text: string): string {
  let end = text.length;
  while (text[end - 1] === '\n') end--;
  return text.slice(0, end);
}

const mostAlternatives = 64;

function valuesOf(parts: readonly WordPart[], scope: Scope, substitutions: Substitutions, whole: boolean): string[] {
  let values = [''];
  for (const part of parts) {
    const alternatives =
      part.type === 'BraceExpansion' ? bracesOf(part.text) : [partValue(part, scope, substitutions, whole)];
    if (values.length * alternatives.length > mostAlternatives) return [hole];
    values = values.flatMap((value) => alternatives.map((alternative) => value + alternative));
  }
  return values;
}

function partValue(part: WordPart | DoubleQuotedChild, scope: Scope, inside: Substitutions, quoted: boolean): string {
  const unsplit = (value: string) => {
    const counted = inside.expanded(value);
    return quoted ? counted : counted.replace(separators(scope), split);
  };
  switch (part.type) {
    case 'Literal':
      return part.value;
    case 'SingleQuoted':
    case 'AnsiCQuoted':
      return quote + part.value.replace(marks, hole);
    case 'DoubleQuoted':
    case 'LocaleString':
      return quote + part.parts.map((child) => partValue(child, scope, inside, true)).join('');
    case 'SimpleExpansion':
      return unsplit(scope.valueOf(part.text.slice(1)) ?? hole);
    case 'ParameterExpansion':
      return unsplit(parameterValue(part, scope, inside));
    case 'CommandExpansion':
      return unsplit(withoutLineEnds(inside.outputOf(part)));
    case 'ProcessSubstitution':
      return inside.fileOf(part);
    case 'ArithmeticExpansion':
      return hole;
    default:
      return part.text;
  }
}
