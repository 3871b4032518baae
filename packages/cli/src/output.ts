/** Columns to fill: of the terminal, or 80 for files and pipes. */
export function terminalWidth(): number {
  return process.stdout.isTTY ? Math.max(process.stdout.columns, 40) : 80;
}

/** Writes the result of a command. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Writes the result of a command for programs, on one line. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value));
}

/** Tells on stderr what takes time. */
export function printProgress(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Whoever reads the output may stop early, as `head` does; that is no failure. */
export function leaveQuietlyWhenUnread(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}
