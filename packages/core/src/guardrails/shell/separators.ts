import type { Scope } from './scope.ts';

/** Where several words stand in one value: an array, or the arguments. */
export const between = '\u0001';

const usual = /[ \t\n]+/g;

/** At which characters a shell splits what is not quoted: at white space, and at those that the text sets. */
export function separators(scope: Scope): RegExp {
  const own = scope.variables.get('IFS');
  if (own === undefined) return usual;
  const characters = own.slice(0, 16).replace(/[^\x20-\x7e]/g, '');
  return new RegExp(`[ \\t\\n${characters.replace(/[\\\]^-]/g, '\\$&')}]+`, 'g');
}

/** The elements of an array, or the arguments. */
export const elementsOf = (value: string) => (value === '' ? [] : value.split(between));
