import type { Redirection } from 'unbash';
import { secretIn } from '../tools/secret_files.ts';
import { judgeWrite } from '../tools/writes.ts';
import { descriptorFile, isStandardInput, standardInput } from './descriptors.ts';
import type { Reader } from './reader.ts';
import type { Stream } from './scope.ts';
import { textOf, wordValue } from './words.ts';

/** What a command reads on its standard input. What it is given on other descriptors is kept as their files. */
export function inputOf(redirects: readonly Redirection[], reader: Reader, piped: Stream): Stream {
  const { scope } = reader;
  const isKnown = Object.values(piped).some((part) => part !== undefined && part !== false);
  let input = isKnown ? piped : (scope.fileAt(standardInput) ?? piped);
  for (const redirect of redirects) {
    const given = givenBy(redirect, reader);
    const { descriptor } = redirect;
    if (given === undefined) continue;
    if (descriptor === undefined || (descriptor.type === 'FileDescriptor' && descriptor.value === 0)) input = given;
    else if (descriptor.type === 'FileDescriptor') scope.writeFile(descriptorFile(descriptor.value), given);
    else scope.set(descriptor.name, scope.substitute(given).slice(descriptorFile('').length));
  }
  return input;
}

/** What one redirection has to read; undefined where there is nothing new. */
function givenBy(redirect: Redirection, reader: Reader): Stream | undefined {
  const { scope } = reader;
  if (redirect.type === 'HereDoc') {
    const { body, delimiter } = redirect;
    return { text: body.parts && !delimiter?.quoted ? textOf(body.parts, scope, reader) : body.text };
  }
  if (!redirect.target) return undefined;
  const value = () => wordValue(redirect.target as NonNullable<typeof redirect.target>, scope, reader);
  if (redirect.type === 'HereString') return { text: value() };
  if (redirect.operator === '<&') {
    const descriptor = value();
    return /^[1-9]\d*$/.test(descriptor) ? (scope.fileAt(descriptorFile(descriptor)) ?? {}) : undefined;
  }
  if (redirect.operator !== '<' && redirect.operator !== '<>') return undefined;
  const path = value();
  return isStandardInput(path) ? undefined : { ...scope.fileAt(path), ...judgeRead(path, reader) };
}

function judgeRead(path: string, { examination }: Reader): Stream {
  if (/^\/dev\/(tcp|udp)\//.test(path)) return { remote: true };
  const secret = secretIn(path);
  if (!secret) return {};
  examination.report(secret, path);
  return { secret: path };
}

/** Writes what a command prints to where a redirection leads. */
export function redirectTo(redirect: Redirection, reader: Reader, output: Stream, source: string): void {
  if (redirect.type !== 'Redirect' || !redirect.target || /^<&?$/.test(redirect.operator)) return;
  const path = wordValue(redirect.target, reader.scope, reader);
  if (/^&?\d*-?$/.test(path)) return;
  judgeWrite(path, reader.examination, source);
  if (redirect.operator !== '<>') reader.scope.writeFile(path, output, redirect.operator === '>>');
}
