import { isUuid } from '@agentcoord/contract';
import { gap, indented, row, widthOf } from './layout.ts';
import { type Fields, isListOfObjects, objectText, textOf } from './values.ts';

/** A column with longer cells is a text: it wraps, and the first one is what the rows are about, such as a path. */
const longest = 24;

/** Room that a text gets at least, and the one that the rows are about. */
const [leastText, leastSubject] = [24, 36];

/** From so many rows on, what is the same in all of them is said once. */
const several = 3;

interface Column {
  name: string;
  cells: string[];
  /** Width of its longest cell or of its name. */
  most: number;
  isId: boolean;
}

/**
 * Rows as a table that fits, followed by what has no room there: nothing is left out but what says nothing. Below
 * each row stand its other fields; what is the same everywhere stands above.
 */
export function tableOf(rows: readonly Fields[], width: number): string {
  const columns = columnsOf(rows);
  const same = rows.length < several ? [] : columns.slice(1).filter(({ cells }) => new Set(cells).size === 1);
  const shown = choose(
    columns.filter((column) => !same.includes(column)),
    width,
  );
  const names = shown.map(({ name }) => name);
  const widths = share(shown, width);
  const above = same.map(({ name, cells }) => `${name} ${cells[0]}`).join('; ');
  const lines = rows.map((fields, index) =>
    [
      row(
        shown.map(({ cells }) => cells[index] ?? ''),
        widths,
      ),
      ...detailsOf(fields, [...names, ...same.map(({ name }) => name)]).map((text) => indented(text, 4, width)),
    ].join('\n'),
  );
  return [...(above ? [row([`all: ${above}`], [width])] : []), row(names, widths), ...lines].join('\n');
}

/** Fields that say something somewhere and are no lists of their own, in their order, ids last. */
function columnsOf(rows: readonly Fields[]): Column[] {
  const names = [...new Set(rows.flatMap((fields) => Object.keys(fields)))];
  const plain = names.filter((name) => rows.some((fields) => isWorthSaying(fields, name)) && !isList(rows, name));
  const columns = plain.map((name): Column => {
    const cells = rows.map((fields) => cellOf(fields, name));
    const most = Math.max(name.length, ...cells.map(widthOf));
    return { name, cells, most, isId: rows.some((fields) => hasId(fields[name])) };
  });
  return [...columns.filter(({ isId }) => !isId), ...columns.filter(({ isId }) => isId)];
}

/** A session is only there to be compared: its end tells it from others. Other ids are for the next command. */
function cellOf(fields: Fields, name: string): string {
  const value = fields[name];
  if (Array.isArray(value) && value.length === 0) return '';
  const text = textOf(value, name);
  return name === 'session_id' && text !== '' ? `…${text.slice(-8)}` : text;
}

/** The columns that find room: what the rows are about and short ones, then further texts and ids. */
function choose(columns: readonly Column[], width: number): Column[] {
  const subject = subjectOf(columns);
  const isShort = ({ most, isId }: Column) => most <= longest && !isId;
  const rest = columns.filter((column) => column !== subject);
  const wanted = [...(subject ? [subject] : []), ...rest.filter(isShort), ...rest.filter((each) => !isShort(each))];
  const chosen = new Set<Column>();
  let room = width + gap;
  for (const column of wanted) {
    const needed = leastOf(column, subject) + gap;
    if (chosen.size > 0 && needed > room) break;
    chosen.add(column);
    room -= needed;
  }
  return columns.filter((column) => chosen.has(column));
}

/** The column that the rows are about. */
function subjectOf(columns: readonly Column[]): Column | undefined {
  return columns.find(({ most, isId }) => most > longest && !isId);
}

/** Every column gets its least, and what is left goes to those that want more, the first ones first. */
function share(columns: readonly Column[], width: number): number[] {
  const subject = subjectOf(columns);
  const leasts = columns.map((column) => Math.min(width, leastOf(column, subject)));
  let left = width - leasts.reduce((sum, least) => sum + least + gap, -gap);
  return columns.map(({ most }, index) => {
    const least = leasts[index] ?? 0;
    const more = Math.max(0, Math.min(most - least, left));
    left -= more;
    return least + more;
  });
}

function leastOf(column: Column, subject: Column | undefined): number {
  if (column.isId || column.most <= longest) return column.most;
  return Math.min(column.most, column === subject ? leastSubject : leastText);
}

/** What a row has no column for: in one line, and a line for each item of its lists. */
function detailsOf(fields: Fields, shown: readonly string[]): string[] {
  const rest = Object.entries(fields).filter(([name]) => !shown.includes(name));
  const lists = rest.filter((entry): entry is [string, Fields[]] => isListOfObjects(entry[1]));
  const plain = rest.filter(([name, value]) => !isListOfObjects(value) && isWorthSaying(fields, name));
  const ordered = [...plain.filter(([, value]) => !hasId(value)), ...plain.filter(([, value]) => hasId(value))];
  const facts = ordered.map(([name, value]) => (value === true ? name : `${name} ${cellOf(fields, name)}`));
  const items = lists.flatMap(([name, values]) => values.map((value) => `${name}: ${objectText(value)}`));
  return [...(facts.length > 0 ? [facts.join('; ')] : []), ...items];
}

/** An id, or the name of something by its id, such as task:<id>: half of one is of no use. */
function hasId(value: unknown): boolean {
  return typeof value === 'string' && isUuid(value.slice(value.indexOf(':') + 1));
}

function isList(rows: readonly Fields[], name: string): boolean {
  return rows.some((fields) => isListOfObjects(fields[name]));
}

/** Not what is missing, empty, false or zero; nor a session whose agent is named: `--json` has it. */
function isWorthSaying(fields: Fields, name: string): boolean {
  const value = fields[name];
  if (value === null || value === undefined || value === false || value === 0) return false;
  if (Array.isArray(value) && value.length === 0) return false;
  return !(name === 'session_id' && typeof fields.agent === 'string');
}
