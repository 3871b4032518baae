import type { Examination } from '../finding.ts';
import { replaced } from './replacing.ts';
import { hole, type Scope, type Stream } from './scope.ts';

/** Commands that pass on what they read, more or less. */
const filters = new Set(
  'cat tee head tail grep egrep sed awk tr sort uniq cut nl rev gunzip zcat gzip bzip2 xz unxz zstd lz4 tar dos2unix iconv fmt fold tac envsubst pv sponge column xxd base64 base32 openssl uudecode jq yq strings od gpg age 7z'.split(
    ' ',
  ),
);

/** What a command prints, when the text says so: literal output, decoded data, names of temporary files. */
export function stageOutput(
  name: string,
  args: readonly string[],
  input: Stream,
  scope: Scope,
  examination: Examination,
): Stream {
  const [first = ''] = args;
  switch (name) {
    case 'echo':
      return { text: `${echoed(args)}\n` };
    case 'printf':
      return { text: printed(args, examination) };
    case 'mktemp':
      return { text: `/tmp/${hole}` };
    case 'pwd':
      return { text: '.' };
    case 'which':
    case 'command':
    case 'type':
      return { text: args.find((arg) => !arg.startsWith('-')) ?? hole };
    case 'realpath':
    case 'readlink':
      return { text: args.findLast((arg) => !arg.startsWith('-')) ?? hole };
    case 'dirname':
      return { text: first.includes('/') ? first.replace(/\/[^/]*$/, '') || '/' : '.' };
    case 'basename':
      return { text: first.split('/').findLast((part) => part !== '') ?? '/' };
    case 'git':
      return { text: args.includes('--show-toplevel') ? '.' : hole };
    default:
      return filters.has(name) ? filtered(name, args, input, scope, examination) : {};
  }
}

function filtered(
  name: string,
  args: readonly string[],
  input: Stream,
  scope: Scope,
  examination: Examination,
): Stream {
  const files = args.filter((arg) => !arg.startsWith('-')).flatMap((arg) => scope.fileAt(arg) ?? []);
  const source = files[0] ?? input;
  examination.read(source.text?.length ?? 0);
  const decoded = decode(name, args, source.text, examination);
  if (decoded === undefined) return { ...source, text: undefined };
  if (decoded === null) return { ...source, text: undefined, hidden: source.text === undefined };
  return { ...source, text: decoded };
}

/** The decoded text; null for something decoded that cannot be known, undefined for what is not kept track of. */
function decode(
  name: string,
  args: readonly string[],
  text: string | undefined,
  examination: Examination,
): string | null | undefined {
  const words = args.join(' ');
  const encoding =
    (name === 'base64' && /^(-\w*[dD]|--decode)/m.test(args.join('\n'))) || (name === 'openssl' && /-d\b/.test(words));
  if (encoding) return text === undefined ? null : Buffer.from(text, 'base64').toString('utf8');
  if (name === 'base32' && /-d/.test(words)) return null;
  if (name === 'xxd' && /-r/.test(words)) return text === undefined ? null : Buffer.from(text.trim(), 'hex').toString();
  if (name === 'rev')
    return text
      ?.split('\n')
      .map((line) => [...line].reverse().join(''))
      .join('\n');
  if (/^(cat|tee|pv|sponge)$/.test(name)) return text;
  if (/^(gunzip|zcat|unxz|gpg|uudecode|7z)$/.test(name)) return null;
  if (name === 'tr' && text !== undefined) return translated(text, args, examination);
  if (name === 'sed' && text !== undefined) return substituted(text, args, examination);
  if (name === 'head' || name === 'tail' || name === 'sort' || name === 'uniq') return text;
  return undefined;
}

/** More characters than there are bytes make no set of `tr`. */
const longestSet = 256;

function translated(text: string, args: readonly string[], examination: Examination): string | null {
  const [first = '', second = ''] = args;
  if (first.length > longestSet || second.length > longestSet) return null;
  examination.spend(text.length / 100);
  if (first === '-d') return [...text].filter((character) => !second.includes(character)).join('');
  const [from, to] = [rangeOf(first), rangeOf(second)];
  const places = new Map(from.map((character, index) => [character, index] as const).toReversed());
  return [...text]
    .map((character) => {
      const index = places.get(character);
      return index === undefined ? character : (to[Math.min(index, to.length - 1)] ?? '');
    })
    .join('');
}

function rangeOf(set: string): string[] {
  const expanded = set.replace(/(\w)-(\w)/g, (_, first: string, last: string) => {
    const [from, to] = [first.charCodeAt(0), last.charCodeAt(0)];
    return String.fromCharCode(...Array.from({ length: Math.max(0, to - from + 1) }, (__, index) => from + index));
  });
  return [...expanded];
}

function substituted(text: string, args: readonly string[], examination: Examination): string | null {
  const script = args.find((arg) => !arg.startsWith('-')) ?? '';
  const [, , from, to, flags] = /^s(.)((?:(?!\1).)*)\1((?:(?!\1).)*)\1(\w*)$/s.exec(script) ?? [];
  if (from === undefined || to === undefined || /[\\^$.*[\]]/.test(from)) return null;
  return replaced(text, from, to, flags?.includes('g') === true, (made) => examination.read(made));
}

function echoed(args: readonly string[]): string {
  const start = args.findIndex((arg) => !/^-[neE]+$/.test(arg));
  const words = start < 0 ? [] : args.slice(start);
  const text = words.join(' ');
  return args.slice(0, start).some((arg) => arg.includes('e')) ? unescaped(text) : text;
}

function printed([format = '', ...args]: readonly string[], examination: Examination): string {
  if (format === '--') return printed(args, examination);
  let index = 0;
  const one = () => {
    examination.read(format.length);
    return unescaped(format).replace(/%[-\d.]*[sbdqiux]|%%/g, (form) => (form === '%%' ? '%' : (args[index++] ?? '')));
  };
  let text = one();
  for (let turn = 0; index > 0 && index < args.length && turn < 100; turn++) text += one();
  return text;
}

/** Escapes of `echo -e` and `printf`. */
export function unescaped(text: string): string {
  return text.replace(/\\(x[0-9a-fA-F]{1,2}|0?[0-7]{1,3}|u[0-9a-fA-F]{1,4}|[abefnrtv\\])/g, (_, code: string) => {
    if (code.startsWith('x') || code.startsWith('u')) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8));
    return { n: '\n', t: '\t', r: '\r', '\\': '\\' }[code] ?? '';
  });
}
