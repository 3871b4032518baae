import type { ParameterExpansionPart, Word } from 'unbash';
import { replaced } from './replacing.ts';
import { hole, type Scope } from './scope.ts';
import { type Substitutions, wordValue } from './words.ts';

/** What `${…}` stands for; a hole when that is not known. */
export function parameterValue(part: ParameterExpansionPart, scope: Scope, inside: Substitutions): string {
  const read = (word: Word) => wordValue(word, scope, inside);
  const { parameter, prefix, operation } = part;
  if (prefix === '#') return '1';
  const name = prefix === '!' ? (scope.valueOf(parameter) ?? '') : parameter;
  const value = scope.valueOf(name);
  switch (operation?.type) {
    case undefined:
      return value ?? hole;
    case 'Default':
      if (operation.operator.includes('+')) return read(operation.operand);
      if (operation.operator.includes('?')) return value ?? hole;
      return value || read(operation.operand);
    case 'Remove':
      return value === undefined ? hole : withoutEnd(value, operation.operator, read(operation.operand));
    case 'Replace': {
      if (value === undefined) return hole;
      const [pattern, replacement] = [read(operation.pattern), read(operation.replacement)];
      if (/[*?[]/.test(pattern)) return hole;
      return replaced(value, pattern, replacement, operation.operator === '//', (made) => inside.spendOn(made));
    }
    case 'Slice': {
      const [offset, length] = [Number(read(operation.offset)), operation.length && Number(read(operation.length))];
      if (value === undefined || Number.isNaN(offset) || Number.isNaN(length)) return hole;
      return value.slice(offset, length === undefined ? undefined : length < 0 ? length : offset + length);
    }
    case 'CaseModification':
      if (value === undefined) return hole;
      return operation.operator.startsWith('^') ? value.toUpperCase() : value.toLowerCase();
    default:
      return value ?? hole;
  }
}

function withoutEnd(value: string, operator: string, end: string): string {
  if (/[*?[]/.test(end)) return hole;
  if (operator.startsWith('#')) return value.startsWith(end) ? value.slice(end.length) : value;
  return value.endsWith(end) ? value.slice(0, value.length - end.length) : value;
}
