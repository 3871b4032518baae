import type { Examination } from '../finding.ts';
import { expandAgain } from './evaluation.ts';
import type { Invocation } from './invocation.ts';
import { readShell } from './reader.ts';
import { Scope } from './scope.ts';

/** Variables whose value is run by the program that they are given to. */
const held = /(_COMMAND|PAGER|EDITOR|ASKPASS)$|^(VISUAL|GIT_EXTERNAL_DIFF|RSYNC_RSH|LESSOPEN|LESSCLOSE|BROWSER)$/;

/** Variables that a shell expands each time that it shows them. */
const prompts = /^(?:PS[0-4]|R?PROMPT)$/;

/** Judges what a variable holds that is given to a program, when that program runs it. */
export function readHeld(name: string, given: string, scope: Scope, examination: Examination): void {
  if (prompts.test(name)) expandAgain(given, new Scope(scope), examination);
  if (!held.test(name)) return;
  const value = given.replace(/^\|+-?/, '');
  if (/\s/.test(value)) readShell(value, examination, new Scope(scope));
}

/** A call as it is made behind such words as `env A=1`: with what they set, which is gone when it is over. */
export function withEnvironment(call: Invocation, words: readonly string[]): Invocation {
  const assignments = words.flatMap((word) => {
    const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(word) ?? [];
    return name === undefined || value === undefined ? [] : [{ name, value }];
  });
  if (assignments.length === 0) return call;
  const { examination } = call;
  examination.spend(call.scope.size / 200);
  const scope = new Scope(call.scope);
  for (const { name, value } of assignments) {
    scope.set(name, value);
    readHeld(name, value, scope, examination);
  }
  return { ...call, scope };
}
