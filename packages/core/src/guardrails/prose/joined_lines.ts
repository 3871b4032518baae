/** Behind these a line goes on behind a `>` that is no part of it: in a quotation, and at a prompt. */
const continued = /^\s*(?:>|[$#%❯➜]\s)/;

/** Puts lines together that end in a backslash, as a shell does. */
export class JoinedLines {
  #parts: string[] = [];

  /** Takes the next line, and answers the whole that ends with it, if there is more than that one line. */
  next(line: string): string | undefined {
    const part = continued.test(this.#parts[0] ?? '') ? line.replace(/^[\s>]+/, ' ') : line;
    if (part.endsWith('\\')) {
      this.#parts.push(part.slice(0, -1));
      return undefined;
    }
    if (this.#parts.length === 0) return undefined;
    const whole = [...this.#parts, part].join('');
    this.#parts = [];
    return whole;
  }
}
