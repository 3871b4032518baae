/** A line without what a document or a screen puts around a command. */
export interface BareLine {
  text: string;
  /** Behind a prompt, where a command stands. */
  marked: boolean;
  /** What was taken off may also belong to a sentence: emphasis, a cell, what looks like a prompt. */
  guessed: boolean;
}

/** Signs and numbers in circles that people set before a step; those that forbid what follows are none. */
const sign = String.raw`(?![❌❎🚫⛔🛑✖⚠👎])\p{Extended_Pictographic}[\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F\u200D]{0,8}|[\d#*]\uFE0F?\u20E3|[①-⓿❶-➓✓✔]`;

/** Quotations, lists and check lists, in whatever order and depth. One at a time, so that nothing is tried twice. */
const container = new RegExp(
  String.raw`[\s>]+|(?:[\-*+•‣◦▪·–—→›»▶➤]|${sign}|\(?\d{1,4}(?:\.\d{1,4})*[.)]|\d{1,4}(?:\.\d{1,4})+|\(?(?:[a-z]|[ivx]{1,5})[.)]|\[[ x]?\]|step\s\d{1,4}[.:)]?)(?=\s)`,
  'iyu',
);

const host = String.raw`\[?[\w.-]+@[^\s$#%]+(?:\s[^\s$#%]*)?\s?(?:\([^)\s]{1,60}(?:\s[^)\s]{1,20})?\)\s?)?`;

/** `$`, `ann@host:~#`, `bash-5.1$`, `~/src $`, `(venv) $`, `C:\>`, `postgres=#`, `mysql>`. */
const prompt = new RegExp(
  `(?:${String.raw`\([\w.-]{1,40}\)\s+`})?(?:${[
    String.raw`(?:(?:${host})?[$%]|${host}#)>?\s+`,
    String.raw`[#%]>\s+`,
    String.raw`(?:(?:ba|z|k|mk|da|a|c|fi)?sh-\d[\w.]*|root|[~/][\w./~-]*)\s?[$#%]\s+`,
    String.raw`[\w.-]{1,60}:\S{1,200}\s[\w.-]{1,40}[$#]\s+`,
    String.raw`PS(?:\s[^>]{1,200})?>\s+|[A-Z]:\\[^>]{0,200}>\s*`,
    String.raw`[~/][\w./~-]{0,200}\s\([^)\s]{1,60}\)\s?[$#%]\s+`,
    String.raw`\d{1,3}(?:\.\d{1,3}){3}:\d{1,5}(?:\[\d{1,3}\])?>\s+`,
    String.raw`[❯❱➜λ]\s+(?:\S{1,200}\s+git:\(\S{1,200}\)\s+(?:✗\s+)?|~\s+)?`,
    String.raw`(?:mysql|mariadb|sqlite|psql|sql|cqlsh|duckdb)(?:\s?[[(:][^\s>]{1,80})?>\s*`,
    String.raw`\w{1,63}[=*(-]{1,2}[#>]\s+`,
  ].join('|')})`,
  'iy',
);

const likePrompt = /[\w.:~/=@-]{1,60}[$#%>]\s+/y;
const heading = /#\s+/y;

const pairs = [
  ...[
    ['***', '***'] as const,
    ['~~', '~~'] as const,
    ['**', '**'] as const,
    ['__', '__'] as const,
    ['*', '*'] as const,
    ['_', '_'] as const,
  ],
  ...['li', 'p', 'code', 'kbd', 'samp', 'pre', 'b', 'strong', 'em', 'i'].map(
    (tag) => [`<${tag}>`, `</${tag}>`] as const,
  ),
];

/** Emphasis within a list within a quotation within emphasis is more than anybody writes. */
const mostRounds = 3;

/** What is left of a line when lists, quotations, prompts and emphasis are taken off. */
export function bareLine(line: string): BareLine {
  let [text, marked, guessed] = [line, false, false];
  for (let round = 0; round < mostRounds; round++) {
    text = without(container, text);
    const prompted = withoutOne(prompt, text);
    marked ||= prompted !== text;
    text = withoutOne(heading, prompted);
    const rest = marked ? text : withoutOne(likePrompt, text);
    const inner = within(rest.trim());
    guessed ||= rest !== text || inner !== undefined;
    text = inner ?? rest;
    if (inner === undefined) break;
  }
  return { text: text.trim(), marked, guessed };
}

function without(pattern: RegExp, text: string): string {
  let at = 0;
  for (;;) {
    pattern.lastIndex = at;
    if (!pattern.test(text)) return text.slice(at);
    at = pattern.lastIndex;
  }
}

function withoutOne(pattern: RegExp, text: string): string {
  pattern.lastIndex = 0;
  return pattern.test(text) ? text.slice(pattern.lastIndex) : text;
}

/** What emphasis or a row of a table holds; undefined when there is neither. */
function within(text: string): string | undefined {
  if (text.startsWith('|')) return onlyCell(text);
  for (const [open, close] of pairs) {
    if (text.length > open.length + close.length && text.startsWith(open) && text.endsWith(close)) {
      return text.slice(open.length, -close.length);
    }
  }
  return undefined;
}

/** A row that holds a command and at most the number of a step; where others stand beside it, they say something about it. */
function onlyCell(row: string): string | undefined {
  const cells = row.split('|').map((cell) => cell.trim());
  const [cell, ...others] = cells.filter((text) => !/^(?:step\s*)?\d*[.)]?$/i.test(text));
  return others.length === 0 ? cell : undefined;
}
