import type { ParameterExpansionPart, Word } from 'unbash';
import { replaced } from './replacing.ts';
import { hole, type Scope } from './scope.ts';
import { between, elementsOf } from './separators.ts';
import { type Substitutions, wordValue } from './words.ts';

/** What `${…}` stands for; a hole when that is not known. */
export function parameterValue(part: ParameterExpansionPart, scope: Scope, inside: Substitutions): string {
  const read = (word: Word) => wordValue(word, scope, inside);
  const { parameter, prefix, operation } = part;
  if (prefix === '#') return '1';
  const name = prefix === '!' ? (scope.valueOf(parameter) ?? '') : parameter;
  if (prefix === '!') inside.evaluated(name);
  const all = scope.valueOf(name);
  const index = part.index === undefined ? undefined : read(part.index);
  if (index !== undefined) inside.evaluated(index);
  if (index !== undefined || operation?.type === 'Slice') inside.spendOn(all?.length ?? 0);
  if (operation?.type === 'Slice') inside.evaluated(read(operation.offset));
  const isList = index === '@' || index === '*' || name === '@' || name === '*';
  if (all !== undefined && isList && operation?.type === 'Slice') {
    const offset = Number(read(operation.offset));
    const count = operation.length && Number(read(operation.length));
    if (Number.isNaN(offset) || Number.isNaN(count)) return all;
    // The first argument is $1, the first element of an array is 0.
    const from = offset > 0 && index === undefined ? offset - 1 : offset;
    return elementsOf(all)
      .slice(from, count === undefined ? undefined : from + count)
      .join(between);
  }
  const value = index === undefined || all === undefined ? all : elementAt(all, index);
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
    case 'Transform':
      if (value !== undefined && read(operation.operand) === 'P') inside.prompted(value);
      return value ?? hole;
    case 'CaseModification':
      if (value === undefined) return hole;
      return operation.operator.startsWith('^') ? value.toUpperCase() : value.toLowerCase();
    default:
      return value ?? hole;
  }
}

/** All of them where it is not known which one is meant. */
function elementAt(all: string, index: string): string {
  const elements = elementsOf(all);
  return /^-?\d+$/.test(index) ? (elements.at(Number(index)) ?? all) : all;
}

function withoutEnd(value: string, operator: string, end: string): string {
  if (/[*?[]/.test(end)) return hole;
  if (operator.startsWith('#')) return value.startsWith(end) ? value.slice(end.length) : value;
  return value.endsWith(end) ? value.slice(0, value.length - end.length) : value;
}
