/** Columns to fill: COLUMNS where it is set, else those of the terminal, or 80 for files and pipes. */
export function terminalWidth(): number {
  const columns = Number(process.env.COLUMNS) || (process.stdout.isTTY ? process.stdout.columns : 80);
  return Math.max(columns, 40);
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
  if (process.stdout.listenerCount('error') > 0) return;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}
