import { sentenceWords } from '../command_names.ts';
import { isSql } from '../context.ts';

/** Whether a text is a statement, by its beginning and by how it ends or is written. */
export function isStatement(text: string, marked: boolean): boolean {
  if (!marked && !/;\s*$/.test(text) && !/^(?:[A-Z]{4,}\s+[A-Z]+\b|TRUNCATE\s+["`\w.$]+$)/.test(text)) return false;
  return isSql(text);
}

const name = String.raw`["\x60[]?[\w.$-]*\w["\x60\]]?`;
const names = String.raw`(${name}(?:\s*,\s*${name}){0,50})(?:\s+(?:cascade|restrict))?`;

/** Statements from their beginning to their end, for those that also begin sentences: "drop table headers in print". */
const whole = [
  String.raw`drop\s+(?:table|database|schema|role|owned\s+by)\s+(?:if\s+exists\s+)?${names}`,
  String.raw`truncate\s+table\s+(?:only\s+)?${names}`,
  String.raw`delete\s+from\s+(?:only\s+)?(${name})(?:\s+where\s+\S.*)?`,
  String.raw`update\s+(?:only\s+)?(${name})\s+set\s+${name}\s*=\s*\S.*`,
  String.raw`alter\s+table\s+(?:only\s+)?(${name})\s+drop\s+(?:column\s+)?(?:if\s+exists\s+)?${name}(?:\s+cascade)?`,
].map((pattern) => new RegExp(`^${pattern}$`, 'is'));

/** What no sentence begins like, whatever follows. */
const unmistakable = new RegExp(
  [
    String.raw`^with\s+(?:recursive\s+)?${name}\s+as\s+(?:materialized\s+)?\(`,
    String.raw`^do\s+(?:language\s+\w+\s+)?\$\w*\$`,
    String.raw`^explain\s+(?:analy[sz]e|\([\w\s,]*\))\s+(?:delete\s+from|update|insert\s+into|with)\s`,
  ].join('|'),
  'is',
);

/** What a transaction has besides: nothing to judge, but no sentence begins so. */
const opening =
  /^(?:begin|start\s+transaction|set\s+\w+(?:\.\w+)?\s*(?:=|to\b).*|use\s+[\w"\x60]+|\\c(?:onnect)?\s+\S+)$/is;

const first =
  /^(?:drop|truncate|delete|update|alter|begin|start|set|use|\\c|select|insert|create|with|do|explain)(?![\w-])/i;

/** The statements in a text that has no `;` at its end, and not the capitals to tell it by. */
export function statementsIn(text: string): string | undefined {
  if (!first.test(text) || /^[A-Z][a-z]/.test(text)) return;
  if (unmistakable.test(text)) return text;
  const parts = text.replace(/--\s.*$|\/\*[^*]*\*\//gm, '').split(';');
  const [beginning = '', ...others] = parts.map((part) => part.trim());
  if (!isWhole(beginning) && !(others.length > 0 && (opening.test(beginning) || isSql(beginning)))) return;
  const statements = [beginning, ...others].filter(isWhole);
  return statements.length > 0 ? statements.join('; ') : undefined;
}

/** In small letters or in capitals: "Drop table headers" is a title. */
const isWhole = (text: string) =>
  !/^[A-Z][a-z]/.test(text) &&
  whole.some((pattern) => {
    const named = pattern.exec(text)?.[1];
    return named !== undefined && !sentenceWords.test(named);
  });
