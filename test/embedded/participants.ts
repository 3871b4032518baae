import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('participant.ts', import.meta.url));

const children: ChildProcess[] = [];

/** Ends the processes that a failed test left. */
export async function dismissParticipants(): Promise<void> {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const exited = once(child, 'exit');
    // Its group too: when it was stopped while it started a program, half of that program is there, stopped as well.
    process.kill(-Number(child.pid), 'SIGKILL');
    await exited;
  }
}

/** A process beside this one that uses the server of a home. */
export interface Participant {
  pid: number;
  /** The next line it prints that satisfies the test. */
  nextLine(accepts: (line: string) => boolean): Promise<string>;
  /** Resolves once it is connected; true when it started the server. */
  connected(): Promise<boolean>;
  /** How many participants it sees in the database. */
  visits(): Promise<number>;
  /** Sends the signal to the process and its whole group, as a terminal does, and waits until a deadly one has worked. */
  signal(name: NodeJS.Signals): Promise<void>;
}

/** Starts a process that uses the server of this home. */
export function participate(home: string): Participant {
  const child = spawn(process.execPath, [script, home], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  const { pid } = child;
  children.push(child);
  if (pid === undefined) throw new Error('The participant was not started.');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const exited = once(child, 'exit');
  const nextLine = async (accepts: (line: string) => boolean) => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error('The participant ended.');
      if (accepts(value)) return value;
    }
  };
  const nextAnswer = async () => JSON.parse(await nextLine((line) => line.startsWith('{')));
  return {
    pid,
    nextLine,
    connected: async () => (await nextAnswer()).startedHere,
    visits: async () => {
      child.stdin.write('\n');
      return (await nextAnswer()).count;
    },
    signal: async (name) => {
      process.kill(-pid, name);
      if (name !== 'SIGSTOP' && name !== 'SIGCONT') await exited;
    },
  };
}
