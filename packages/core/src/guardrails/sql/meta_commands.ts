/** What the commands of a client run, which stand among statements. */
export interface MetaCommands {
  /** Commands for a shell. */
  shell: string[];
  /** Values of variables that stand for statements. */
  sql: string[];
  /** The text without them. */
  rest: string;
}

/** Space in front of a command, in its line. */
const indent = String.raw`^[^\S\r\n\u2028\u2029]*`;

const shellCommands: readonly RegExp[] = [
  // `\! rm` of psql and mysql, `.shell rm` of sqlite, which takes it cut short, `system rm` and `pager rm` of mysql.
  /\\!\s*(.+)$/gm,
  new RegExp(String.raw`${indent}(?:\.she?l{0,2}\b|\.sys?(?:t|te|tem)?\b|(?:system|pager|\\P)\s)\s*([^;\n]+)`, 'gim'),
  // `\o | rm`, `select 1 \g | rm`, `\w |rm` of psql.
  /\\(?:o|out|g|gx|w|write)(?:[^\S\n]*\([^)\n]{0,200}\))?[^\S\n]*\|([^\n\\]+)/g,
  // `.output |rm` and the like of sqlite, with or without quotes.
  new RegExp(String.raw`${indent}\.(?:on|ou|im|re|lo|tr|ex)[a-z]*\s[^|\n]*?"\|([^"\n]+)`, 'gm'),
  new RegExp(String.raw`${indent}\.(?:on|ou|im|re|lo|tr|ex)[a-z]*\s[^|\n]*?'\|([^'\n]+)`, 'gm'),
  new RegExp(String.raw`${indent}\.(?:on|ou|im|re|lo|tr|ex)[a-z]*\s[^|'"\n]*\|([^\n]+)`, 'gm'),
];

/** Commands of psql, which run what stands between backquotes, and set variables of the environment. */
const ofPsql = new RegExp(String.raw`${indent}\\(\w+)[^\S\n]+(\S.*)$`, 'gm');

/** Most variables that are looked for: no script sets as many. */
const mostVariables = 16;

/** Tells the commands of clients from the statements. */
export function metaCommandsOf(text: string): MetaCommands {
  const shell = shellCommands.flatMap((pattern) => [...text.matchAll(pattern)].map(([, command = '']) => command));
  const sql: string[] = [];
  let variables = 0;
  for (const [, command = '', given = ''] of text.matchAll(ofPsql)) {
    for (const [, inner = ''] of given.matchAll(/`([^`]+)`/g)) shell.push(inner);
    const [, name = '', value = ''] = /^(\w+)\s+([^\\\n]+)/.exec(given) ?? [];
    if (command === 'setenv' && name !== '') shell.push(`export ${name}=${value}`);
    if (command !== 'set' || !/\s/.test(value.trim()) || ++variables > mostVariables) continue;
    // Between quotes it is no statement.
    if (new RegExp(`(?<!:):${name}\\b`).test(text)) sql.push(value.trim().replace(/^'(.*)'$/, '$1'));
  }
  return { shell, sql, rest: withoutCommands(text) };
}

const withoutCommands = (text: string) =>
  text
    // It is the statement of that name, for a file of the client.
    .replace(new RegExp(String.raw`${indent}\\copy\b(.*)$`, 'gim'), 'copy$1;')
    // Both end a statement; where its rows go stands behind.
    .replace(/(?:(?<=\s)\\g(?!exec)\w*|\\G(?!\w))(?:[^\S\n]*\|[^\n]*|[^\S\n]+[^\s|;'"()]+(?=[^\S\n]*$))?/gm, ';')
    .replace(
      new RegExp(String.raw`${indent}(?:\\!|\.shell|\.system|\\(?!gexec\b)[a-z]+\b(?![^\n]*;)|\.[a-z]+\b).*$`, 'gm'),
      '',
    )
    .replace(/^\\(?=\w)(?!gexec\b)/gm, '');
