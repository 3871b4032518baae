/** A line that is read from its beginning, by columns: a tab goes on to the next multiple of four. */
export class Line {
  readonly text: string;
  #at = 0;
  #column = 0;
  /** Columns of a tab of which only the first ones have been taken. */
  #spare = 0;
  /** Where nothing but space follows. */
  readonly #end: number;

  constructor(text: string) {
    this.text = text;
    this.#end = text.trimEnd().length;
  }

  /** Goes past so many columns of space at most, and answers how many there were. */
  skip(most: number): number {
    let taken = 0;
    while (taken < most) {
      if (this.#spare === 0 && this.text[this.#at] === '\t') {
        this.#at++;
        this.#spare = 4 - (this.#column % 4);
      } else if (this.#spare === 0 && this.text[this.#at] === ' ') {
        this.#at++;
        this.#spare = 1;
      }
      if (this.#spare === 0) break;
      this.#spare--;
      this.#column++;
      taken++;
    }
    return taken;
  }

  /** Goes past what a sticky pattern matches here, and answers how long it is. */
  take(pattern: RegExp): number {
    pattern.lastIndex = this.#at;
    if (this.#spare > 0 || !pattern.test(this.text)) return 0;
    const length = pattern.lastIndex - this.#at;
    this.#at += length;
    this.#column += length;
    return length;
  }

  get isOver(): boolean {
    return this.#at >= this.#end;
  }

  get rest(): string {
    return ' '.repeat(this.#spare) + this.text.slice(this.#at);
  }
}

const quotation = />/y;
const marker = /(?:[-+*]|\d{1,9}[.)])(?=[ \t]|$)/y;

/** From here on a line is indented code, in which nothing begins. */
export const indentedCode = 4;

/** Quotations and lists within each other: more than anybody writes, and few enough to be looked at with each line. */
const deepest = 32;

/** The quotations and the items of lists that a line of Markdown stands in. */
export class Containers {
  /** Columns by which an item is indented; a quotation is 0. */
  #open: number[] = [];

  get depth(): number {
    return this.#open.length;
  }

  /** Goes past what a line has of those that are open, and answers how many go on in it. */
  enter(line: Line): number {
    for (const [index, columns] of this.#open.entries()) {
      if (columns > 0 ? line.skip(columns) < columns && !line.isOver : !inQuotation(line)) return index;
    }
    return this.#open.length;
  }

  /** Ends all but the first ones. */
  keep(count: number): void {
    this.#open.length = count;
  }

  /** Opens what begins in a line, and answers by how much what stands in it is indented. */
  open(line: Line): number {
    for (;;) {
      const indent = line.skip(indentedCode);
      if (indent === indentedCode || this.depth >= deepest) return indentedCode;
      if (line.take(quotation) > 0) {
        line.skip(1);
        this.#open.push(0);
        continue;
      }
      const width = line.take(marker);
      if (width === 0) return indent;
      // With more space than this behind its mark, an item begins with indented code.
      const space = line.isOver ? 0 : line.skip(indentedCode + 1);
      const isCode = space > indentedCode;
      this.#open.push(indent + width + (space === 0 || isCode ? 1 : space));
      if (isCode) return indentedCode;
    }
  }
}

function inQuotation(line: Line): boolean {
  if (line.skip(indentedCode) === indentedCode || line.take(quotation) === 0) return false;
  line.skip(1);
  return true;
}
