import { Writable } from 'node:stream';

/** How often to look whether the parent is still the same. */
const parentInterval = 2000;

/**
 * Calls `onGone` once when the client of this process is gone. A host that is killed closes stdin; where something else
 * keeps the pipe open, the process is handed to another parent; where only stdout is gone, the next write says so.
 */
export function whenClientGone(onGone: () => void): void {
  let gone = false;
  const leave = () => {
    if (!gone) onGone();
    gone = true;
  };
  for (const event of ['end', 'close', 'error']) process.stdin.on(event, leave);
  process.stdout.on('error', leave);
  // Losing the log is no reason to crash before the session is ended.
  process.stderr.on('error', leave);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, leave);
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) leave();
  }, parentInterval).unref();
}

/** Takes stdout for JSON-RPC: whatever else this process writes there goes to stderr from now on. */
export function claimStdout(): Writable {
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = process.stderr.write.bind(process.stderr);
  return new Writable({
    decodeStrings: false,
    write: (chunk: string | Uint8Array, _encoding, done) => void write(chunk, done),
  });
}
