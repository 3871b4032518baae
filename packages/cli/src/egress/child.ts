import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { CoordinationError } from '@agentcoord/contract';

/** Signals that are the command's to answer; Ctrl-C reaches it from the terminal by itself. */
const passedOn = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;

/** Runs a command whose ways out lead through the proxy, and answers its exit code when it has ended. */
export async function runBehind(url: string, [command = '', ...args]: readonly string[]): Promise<number> {
  const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, ...proxyVariables(url) } });
  const pass = (signal: NodeJS.Signals) => child.kill(signal);
  const stay = () => {};
  for (const signal of passedOn) process.on(signal, pass);
  process.on('SIGINT', stay);
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return code ?? 128 + constants.signals[signal as NodeJS.Signals];
  } catch (cause) {
    const missing = (cause as { code?: unknown }).code === 'ENOENT';
    throw new CoordinationError(
      {
        code: missing ? 'not_found' : 'forbidden',
        message: `${command} cannot be started.`,
        hint: 'Give the command after --, such as: agentcoord egress -- claude.',
      },
      { cause },
    );
  } finally {
    for (const signal of passedOn) process.off(signal, pass);
    process.off('SIGINT', stay);
  }
}

/**
 * What programs look for, in both spellings: curl knows the lower one only. NO_PROXY is emptied, so that nothing is
 * excepted that was before. Node asks for a proxy only when it is told to.
 */
export function proxyVariables(url: string): Record<string, string> {
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'];
  const set = [...names, ...names.map((name) => name.toLowerCase())].map((name) => [name, url]);
  return { ...Object.fromEntries(set), NO_PROXY: '', no_proxy: '', NODE_USE_ENV_PROXY: '1' };
}
