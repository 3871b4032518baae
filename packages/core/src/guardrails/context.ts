import { parse } from 'unbash';
import { isCommandName } from './command_names.ts';

/** What a text may be. */
export const contexts = ['shell', 'sql', 'git', 'path', 'code'] as const;
export type Context = (typeof contexts)[number] | 'prose';

const sql =
  /^\s*(?:(?:--[^\n]*\n|\/\*[\s\S]*?\*\/)\s*)*\(?\s*(?:\/\*![\d ]*)?(?:select\s(?!\w+\s+in\b)(?:[\s\S]*(?:\bfrom\b|;)|[\w.]+\s*\(|['\d])|insert\s+into\s|update\s+(?:only\s+)?[\w."`[\]]+(?:\s+(?:as\s+)?\w+)?\s+set\s+[\w."`([\]]+\s*=|delete\s+from\s|delete\s+\w+\s+from\s+\w+\s*(?:;|$|where\b|join\b|inner\b)|drop\s+(?:temporary\s+|temp\s+)?(?:table|database|schema|view|index|column|user|role|function|trigger|type|sequence|materialized|owned|policy)\b|truncate\s+(?:table\s+)?["`\w]|alter\s+(?:table|database|role|user|system)\s|create\s+(?:or\s+replace\s+)?(?:table|temp|temporary|unique|index|view|database|schema|function|materialized|extension|role|user|policy|trigger)\b|with\s+(?:recursive\s+)?\w+[\s\S]*?\bas\s+(?:materialized\s+)?\(|begin\s*(?:;|transaction|work|$)|start\s+transaction|explain\s|merge\s+into\s|execute\s+(?:immediate\s+)?'|prepare\s+\w+\s+(?:as|from)\s|do\s+\$|grant\s+[\s\S]+\sto\s|revoke\s+[\s\S]+\sfrom\s|copy\s+\S+\s+(?:from|to)\s|vacuum\b|set\s+\w+\s*(?:=|to)\s*\S+\s*;)/i;

const code =
  /^\s*(?:import\s+[\w{*"'][^\n]*(?:from|;|$)|from\s+[\w.]+\s+import\b|const\s+[\w{[]|let\s+[\w{[]|var\s+\w|def\s+\w+\s*\(|class\s+\w+[^\n]*[{:]|async\s+(?:def|function)|function\s+\w+\s*\([^)\n]+\)|package\s+\w+|using\s+[\w.]+;|#include\b|<\?php|pub\s+fn|fn\s+\w+|func\s+\w+|use\s+[\w:]+;|require\s*\(|require\s+'|export\s+(?:default|const|function|class)|await\s|@\w+|(?:if|for|while|switch)\s*\([^)\n]+\)*\s*(?:\{|return|throw)|return\s[^\n]+;$|throw\s+new\s)/m;

const callExpression = /^\s*[A-Za-z_$][\w$]*(?:\.[\w$]+|\((?:[^()]|\([^()]*\))*\))*\((?:[^()]|\([^()]*\))*\)\s*;?\s*$/;

/** Whether a text begins like a statement of SQL. */
export function isSql(text: string): boolean {
  const beginning = text.slice(0, 4000).replace(/\/\*(?!!)[\s\S]*?\*\//g, ' ');
  return sql.test(beginning) && !/^truncate\s+-/i.test(beginning);
}

/** `if (a) return;` and the like, whose first word a shell knows as well. */
const codeBlock = /^\s*(?:if|for|while|switch)\s*\(.*\)\s*(?:\{|return\b|throw\b|\w[\w.]*\(.*\);?$)/m;

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

/** Words in a sentence, none of which begins a command. */
function isProse(text: string, first: string): boolean {
  if (text.includes('```')) return true;
  if (isCommandName(first.replace(/^[\\'"]+|['"]+$/g, '')) || /^[\w]+=|^[./~$\\({[!:]|[/$]/.test(first)) return false;
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !/^\s*#(?!#)/.test(line));
  const commandLines = lines.filter((line) => isCommandName(/^\s*\$?\s*(\S+)/.exec(line)?.[1] ?? ''));
  // A script may open with a comment, a note with a heading: the lines below it tell.
  if (/^#/.test(text) && commandLines.length * 2 > lines.length && !parse(text).errors?.length) return false;
  if (commandLines.length > 0 && lines.length > 1) return /^[-*#>]|^[A-Z][a-z']*\s/.test(text);
  const words = text.split(/\s+/);
  // With an option among its words it may be a command that nobody has heard of.
  if (/^[A-Z][a-z']+[,:]?$/.test(first) && words.length >= 2 && !/\s-{1,2}\w/.test(text.replace(/`[^`]*`/g, '')))
    return true;
  const errors = parse(text).errors?.length ?? 0;
  return errors > 0 && words.length >= 3 && !/[;|&]\s*(sudo\s+)?(rm|git|dd|curl|mkfs)\b/.test(text);
}
