import { isCommandName } from './command_names.ts';
import { isBroken } from './shell/parsing.ts';

/** What a text may be. */
export const contexts = ['shell', 'sql', 'git', 'path', 'code'] as const;
export type Context = (typeof contexts)[number] | 'prose';

// What hostile texts repeat must cost no more than its length here: of two neighbours only one may take a character.

/** Where a statement stands behind the space and comments in front of it. */
const sql =
  /\(?\s*(?:\/\*![\d ]*)?(?:select\s(?!\w+\s+in\b)(?:[\s\S]*(?:\bfrom\b|;)|[\w.]+\s*\(|['\d])|insert\s+into\s|update\s+(?:only\s+)?[\w."`[\]]+(?:\s+(?:as\s+)?\w+)?\s+set\s+[\w."`([\]]+\s*=|delete\s+from\s|delete\s+\w+\s+from\s+\w+\s*(?:;|$|where\b|join\b|inner\b)|drop\s+(?:temporary\s+|temp\s+)?(?:table|database|schema|view|index|column|user|role|function|trigger|type|sequence|materialized|owned|policy)\b|truncate\s+(?:table\s+)?["`\w]|alter\s+(?:table|database|role|user|system)\s|create\s+(?:or\s+replace\s+)?(?:table|temp|temporary|unique|index|view|database|schema|function|materialized|extension|role|user|policy|trigger)\b|with\s+(?:recursive\s+)?\w[\s\S]*?\bas\s+(?:materialized\s+)?\(|begin\s*(?:;|transaction|work|$)|start\s+transaction|explain\s|merge\s+into\s|execute\s+(?:immediate\s+)?'|prepare\s+\w+\s+(?:as|from)\s|do\s+\$|grant\s[\s\S]+\sto\s|revoke\s[\s\S]+\sfrom\s|copy\s+\S+\s+(?:from|to)\s|vacuum\b|set\s+\w+\s*(?:=|\bto\b)\s*\S+\s*;)/iy;

const code =
  /^[^\S\r\n\u2028\u2029]*(?:import\s+[\w{*"'][^\n]*(?:from|;|$)|from\s+[\w.]+\s+import\b|const\s+[\w{[]|let\s+[\w{[]|var\s+\w|def\s+\w+\s*\(|class\s+\w[^\n]*[{:]|async\s+(?:def|function)|function\s+\w+\s*\([^)\n]+\)|package\s+\w+|using\s+[\w.]+;|#include\b|<\?php|pub\s+fn|fn\s+\w+|func\s+\w+|use\s+[\w:]+;|require\s*\(|require\s+'|export\s+(?:default|const|function|class)|await\s|@\w+|(?:if|for|while|switch)\s*\([^)\n]+(?:(?:\)+\s*|\n\s*)?(?:\{|return|throw))|return\s[^\n]+;$|throw\s+new\s)/m;

const callExpression = /^\s*[A-Za-z_$][\w$]*(?:\.[\w$]+|\((?:[^()]|\([^()]*\))*\))*\((?:[^()]|\([^()]*\))*\)\s*;?\s*$/;

/** Whether a text begins like a statement of SQL. */
export function isSql(text: string): boolean {
  const beginning = withoutComments(text.slice(0, 4000));
  if (/^truncate\s+-/i.test(beginning)) return false;
  const skipped = /\s*(?:--[^\n]*\n)?/y;
  for (let at = 0; at < beginning.length; ) {
    skipped.lastIndex = at;
    skipped.test(beginning);
    const end = skipped.lastIndex;
    sql.lastIndex = end;
    if (sql.test(beginning)) return true;
    const executed = beginning.startsWith('/*!', end) ? beginning.indexOf('*/', end) : -1;
    if (executed < 0 && end === at) return false;
    at = executed < 0 ? end : executed + 2;
  }
  return false;
}

/** Without comments, but for those that MySQL runs. */
function withoutComments(text: string): string {
  let rest = '';
  let at = 0;
  for (let open = text.indexOf('/*'); open >= 0; open = text.indexOf('/*', at)) {
    const executed = text[open + 2] === '!';
    const end = executed ? open + 3 : text.indexOf('*/', open + 2) + 2;
    if (end < 2) break;
    rest += executed ? text.slice(at, end) : `${text.slice(at, open)} `;
    at = end;
  }
  return rest + text.slice(at);
}

/** `if (a) return;` and the like, whose first word a shell knows as well. */
const codeBlock =
  /^[^\S\r\n\u2028\u2029]*(?:if|for|while|switch)\s*\((?:.*\)\s*(?:\{|return\b|throw\b)|(?=.*\);?$).*\)\s*\w[\w.]*\(|.*\)[^\S\n]*\n\s*\w[\w.]*\(.*\);?$)/m;

/** Finds out what a text is. In doubt it is a command: reading prose as a shell finds little, the other way is blind. */
export function contextOf(text: string): Context {
  const trimmed = text.trim();
  if (isPath(trimmed)) return 'path';
  if (isSql(trimmed)) return 'sql';
  const [first = ''] = /^[^\s;|&]+/.exec(trimmed) ?? [];
  if (code.test(trimmed) && !isCommandName(first)) return 'code';
  if (codeBlock.test(trimmed) && !/\b(then|do|done|fi)\b/.test(trimmed)) return 'code';
  if (trimmed.length < 2000 && callExpression.test(trimmed) && !isCommandName(first)) return 'code';
  return isProse(trimmed, first) ? 'prose' : 'shell';
}

function isPath(text: string): boolean {
  if (text === '' || /[\s;|&<>$`'"(){}*?!]/.test(text)) return false;
  return /^(~|\.{0,2}\/|[\w.-]+\/)[^:]*$/.test(text) || /^\.?[\w-]+(\.[\w-]+)+$/.test(text);
}

function unquoted(word: string): string {
  let [from, to] = [0, word.length];
  while (from < to && `\\'"`.includes(word[from] as string)) from++;
  while (to > from && `'"`.includes(word[to - 1] as string)) to--;
  return word.slice(from, to);
}

/** Words in a sentence, none of which begins a command. */
function isProse(text: string, first: string): boolean {
  if (text.includes('```')) return true;
  if (isCommandName(unquoted(first)) || /^[\w]+=|^[./~$\\({[!:]|[/$]/.test(first)) return false;
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !/^\s*#(?!#)/.test(line));
  const commandLines = lines.filter((line) => isCommandName(/^\s*\$?\s*(\S+)/.exec(line)?.[1] ?? ''));
  // A script may open with a comment, a note with a heading: the lines below it tell.
  if (/^#/.test(text) && commandLines.length * 2 > lines.length && !isBroken(text)) return false;
  if (commandLines.length > 0 && lines.length > 1) return /^[-*#>]|^[A-Z][a-z']*\s/.test(text);
  const words = text.split(/\s+/);
  // With an option among its words it may be a command that nobody has heard of.
  if (/^[A-Z][a-z']+[,:]?$/.test(first) && words.length >= 2 && !/\s-{1,2}\w/.test(text.replace(/`[^`]*`/g, '')))
    return true;
  return isBroken(text) && words.length >= 3 && !/[;|&]\s*(sudo\s+)?(rm|git|dd|curl|mkfs)\b/.test(text);
}
