import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('migrator.ts', import.meta.url));

/** A process of its own that has loaded everything and waits for the word to migrate. */
export interface Migrator {
  /** Answers the versions it applied; throws with its complaint when it fails. */
  go(): Promise<string[]>;
  kill(): void;
}

export async function startMigrator(url: string, folder = ''): Promise<Migrator> {
  const child = spawn(process.execPath, [script, url, folder], { stdio: ['pipe', 'pipe', 'pipe'] });
  const lines: string[] = [];
  let complaint = '';
  child.stderr.on('data', (chunk) => {
    complaint += chunk;
  });
  const reader = createInterface(child.stdout);
  const ready = once(reader, 'line');
  reader.on('line', (line) => lines.push(line));
  const ended = once(child, 'close');
  await Promise.race([ready, ended]);
  return {
    async go() {
      child.stdin.end('go\n');
      const [code, signal] = await ended;
      if (code !== 0) throw new Error(`Ended with ${signal ?? code}: ${complaint}`);
      return JSON.parse(lines.at(-1) ?? '');
    },
    kill: () => child.kill('SIGKILL'),
  };
}
