import Table from 'cli-table3';

/** The widest a column gets while others compete; fits a UUID, which nobody wants to see broken. */
const wide = 36;
/** What is no longer than this stays on one line, such as `12 min ago`. */
const short = 12;

const gap = 2;

interface Column {
  name: string;
  cells: string[];
  least: number;
  most: number;
}

/** Rows as aligned columns within `width`: long cells wrap, and the last columns go when there is no room. */
export function tableOf(names: readonly string[], rows: readonly (readonly string[])[], width: number): string {
  const columns = fit(
    names.map((name, index) =>
      columnOf(
        name,
        rows.map((row) => row[index] ?? ''),
      ),
    ),
    width,
  );
  const widths = share(columns, width);
  const table = new Table({
    head: columns.map(({ name }) => name),
    colWidths: widths.map((each) => each + gap),
    wordWrap: true,
    chars: borderless,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': gap },
  });
  for (const row of rows.keys()) {
    table.push(columns.map(({ cells }, index) => cell(cells[row] ?? '', widths[index] ?? wide)));
  }
  const lines = table.toString().split('\n');
  return lines.map((line) => line.trimEnd()).join('\n');
}

function columnOf(name: string, cells: string[]): Column {
  const most = Math.max(name.length, ...cells.map((text) => text.length));
  const unbroken = Math.max(...cells.map(longestWord), Math.min(short, most));
  return { name, cells, least: Math.max(name.length, Math.min(wide, unbroken)), most };
}

function longestWord(text: string): number {
  return Math.max(...text.split(' ').map((word) => word.length));
}

function fit(columns: readonly Column[], width: number): Column[] {
  let used = 0;
  const fitting: Column[] = [];
  for (const column of columns) {
    used += column.least + gap;
    if (fitting.length > 0 && used > width) break;
    fitting.push(column);
  }
  return fitting;
}

/** Gives what is left of the width to the columns that want more, the first ones first. */
function share(columns: readonly Column[], width: number): number[] {
  let left = width - columns.reduce((sum, { least }) => sum + least + gap, 0);
  return columns.map(({ least, most }) => {
    const more = Math.max(0, Math.min(most - least, left));
    left -= more;
    return least + more;
  });
}

/** A long path has no blanks to break at. */
function cell(content: string, width: number) {
  return { content, wrapOnWordBoundary: longestWord(content) <= width };
}

const borderless = Object.fromEntries(
  'top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left left-mid mid mid-mid right right-mid middle'
    .split(' ')
    .map((part) => [part, '']),
);
