import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The program that people run. */
export const program = fileURLToPath(new URL('../../packages/cli/bin/agentcoord.js', import.meta.url));

/** What a process of the program sees of this one's environment, and what it is told. */
export function environment(variables: Record<string, string>): Record<string, string> {
  return { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...variables };
}

/** Runs one command to its end. */
export function run(
  words: string[],
  variables: Record<string, string>,
  file = process.execPath,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const args = file === process.execPath ? [program, ...words] : words;
  return new Promise((resolve) => {
    execFile(file, args, { env: environment(variables), timeout: 25_000 }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}

/** `agentcoord up`, once it serves; disposing it ends the process. */
export interface Up extends AsyncDisposable {
  url: string;
  child: ChildProcess;
}

export async function startUp(variables: Record<string, string>): Promise<Up> {
  const env = environment({ AGENTCOORD_PORT: String(await freePort()), ...variables });
  const child = spawn(process.execPath, [program, 'up', '--json'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  let complaint = '';
  child.stderr.on('data', (chunk) => {
    complaint += chunk;
  });
  const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), exited.then(() => [])]);
  if (typeof line !== 'string') throw new Error(`agentcoord up ended: ${complaint}`);
  const { url, error } = JSON.parse(line);
  if (error) throw new Error(`agentcoord up refused: ${error.message}`);
  return {
    url,
    child,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await exited;
    },
  };
}

export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
