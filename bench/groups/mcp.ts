import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Ground } from '../ground.ts';
import type { Group } from '../group.ts';
import { emptySeries } from '../measure.ts';
import { rowOf } from '../row.ts';

/** From the start of an MCP server's process to its first answer that took the database. */
export const mcp: Group = {
  name: 'mcp',
  async measure({ server }, plan) {
    const series = emptySeries();
    const { host, port, database, username } = server.connection();
    const start = {
      ours: () => firstAnswer('../../packages/cli/bin/agentcoord.js', ['mcp'], server),
      other: () => firstAnswer('../servers/bare_mcp.mjs', [host, String(port), database, username], server),
    };
    // The first starts fill Node's compile cache and the file cache.
    for (const warmUp of [start.ours, start.other, start.ours, start.other]) await warmUp();
    for (let round = 0; round < Math.max(plan.rounds, 7); round++) {
      for (const name of round % 2 === 0 ? (['other', 'ours'] as const) : (['ours', 'other'] as const)) {
        plan.signal.throwIfAborted();
        series[name].push(await start[name]());
      }
    }
    return [rowOf({ name: 'MCP start / bare server', unit: 'ms' }, { excellent: 1.6, floor: 2.5 }, series)];
  },
};

/** Milliseconds until the answer to `check_locks`; the process is ended outside of the clock. */
async function firstAnswer(script: string, args: string[], { home }: Ground['server']): Promise<number> {
  const begun = performance.now();
  const child = spawn(process.execPath, [fileURLToPath(new URL(script, import.meta.url)), ...args], {
    env: { PATH: process.env.PATH, AGENTCOORD_HOME: home, AGENT_ID: 'bench' },
  });
  try {
    await talk(child);
    return performance.now() - begun;
  } finally {
    child.stdin.end();
    if (child.exitCode === null) await once(child, 'exit');
  }
}

async function talk(child: ChildProcessWithoutNullStreams): Promise<void> {
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  const errors = child.stderr.setEncoding('utf8').toArray();
  const send = (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  const answer = async () => {
    const { value } = await answers.next();
    const result = (value === undefined ? undefined : JSON.parse(value)).result;
    if (!result || result.isError) throw new Error(`No answer: ${value ?? (await errors).join('')}`);
  };
  const clientInfo = { name: 'bench', version: '0.0.0' };
  send({ id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo } });
  await answer();
  send({ method: 'notifications/initialized' });
  send({ id: 2, method: 'tools/call', params: { name: 'check_locks', arguments: {} } });
  await answer();
}
