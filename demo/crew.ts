import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Event, Tell } from './events.ts';

/** An agent of the demo and the door it comes through. */
export interface Member {
  name: string;
  door: 'mcp' | 'http' | 'sdk';
  /** Tasks after which it ends its session, leaves word and comes back in another. */
  shift?: number;
}

export const members: readonly Member[] = [
  { name: 'ada', door: 'mcp' },
  { name: 'barbara', door: 'mcp' },
  { name: 'edsger', door: 'mcp' },
  { name: 'frances', door: 'http' },
  { name: 'grace', door: 'http', shift: 1 },
  { name: 'tony', door: 'sdk' },
];

const program = fileURLToPath(new URL('agent.ts', import.meta.url));

/** How to start the process of an agent. */
export interface Start {
  words: string[];
  cwd: string;
  env: Record<string, string>;
  tell: Tell;
}

/** The agents that are processes of their own; disposing of the crew kills those that still run. */
export class Crew implements AsyncDisposable {
  readonly #running = new Map<string, ChildProcess>();
  readonly #killed = new Set<string>();

  /** Starts the agent; resolves when it has left or was killed, and throws with its complaint when it failed. */
  async run(name: string, { words, cwd, env, tell }: Start): Promise<void> {
    // Its own process group, so that its MCP server can be killed at the same moment.
    const child = fork(program, words, { cwd, env, detached: true, silent: true, execArgv: [] });
    this.#running.set(name, child);
    let complaint = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
    });
    child.stdout?.resume();
    child.on('message', (event) => tell(event as Event));
    const [code, signal] = await once(child, 'close');
    this.#running.delete(name);
    if (code !== 0 && !this.#killed.has(name)) {
      throw new Error(`The agent ${name} ended with ${signal ?? code}. ${complaint.trim()}`);
    }
  }

  /** Ends an agent and its MCP server at once: neither can say goodbye. */
  kill(name: string): void {
    const pid = this.#running.get(name)?.pid;
    if (pid === undefined) return;
    this.#killed.add(name);
    // Windows has no process groups: there the MCP server notices that its client is gone.
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = [...this.#running.values()].map((child) => once(child, 'close'));
    for (const name of this.#running.keys()) this.kill(name);
    await Promise.all(ended);
  }
}
