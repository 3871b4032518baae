import type { Word } from 'unbash';
import type { Examination } from '../finding.ts';
import { isBroken } from './parsing.ts';
import { readShell } from './reader.ts';
import type { Scope } from './scope.ts';
import type { Node } from './syntax.ts';

const hasCommand = (text: string, from = 0) => text.includes('$(', from) || text.includes('`', from);

/** Reads a value that a shell expands once more, such as a prompt: commands in it are run. */
export function expandAgain(value: string, scope: Scope, examination: Examination): void {
  if (!hasCommand(value)) return;
  examination.read(value.length);
  // As in a here-document, quotes count in commands alone.
  const script = `: <<END_OF_VALUE\n${value}\nEND_OF_VALUE`;
  if (!isBroken(script)) readShell(script, examination, scope);
}

/**
 * Reads what is evaluated as a number, or names an element: a name stands for its value, which is evaluated in turn,
 * and subscripts are expanded.
 */
export function evaluate(expression: string, scope: Scope, examination: Examination): void {
  const seen = new Set<string>();
  const waiting = [expression];
  for (let text = waiting.pop(); text !== undefined; text = waiting.pop()) {
    examination.scan(text.length);
    examination.spend(0.2);
    const subscript = text.indexOf('[');
    if (subscript >= 0 && hasCommand(text, subscript)) expandAgain(text, scope, examination);
    for (const [name] of text.matchAll(/[A-Za-z_]\w*/g)) {
      const value = seen.has(name) ? undefined : scope.valueOf(name);
      seen.add(name);
      if (value !== undefined) waiting.push(value);
    }
  }
}

/** The words of a condition that are evaluated: those that are compared as numbers, and names of elements. */
export function evaluatedWords(node: Node<'TestBinary'> | Node<'TestUnary'>): readonly Word[] {
  if (node.type === 'TestUnary') return /^-[vR]$/.test(node.operator) ? [node.operand] : [];
  return /^-(?:eq|ne|lt|le|gt|ge)$/.test(node.operator) ? [node.left, node.right] : [];
}
