import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type McpLines, startMcp } from '../mcp_lines.ts';
import type { Finding, Outcome, Proof } from '../proof.ts';
import { openStage, project, type Stage } from '../stage.ts';

const goneWithin = 15;
const freeWithin = 80;
const each = 10;

interface Way {
  name: string;
  behind?: 'pipes' | 'inherited';
  leave(server: McpLines): void;
}

/** How a client can go without a word. The slow one first: only its lease frees what it held. */
const ways: readonly Way[] = [
  { name: 'server killed', leave: ({ pid }) => void process.kill(pid, 'SIGKILL') },
  { name: 'client killed', behind: 'pipes', leave: ({ child }) => void child.kill('SIGKILL') },
  { name: 'stdin closed', leave: ({ child }) => void child.stdin?.end() },
  { name: 'stdout broken', leave: breakStdout },
  { name: 'reparented', behind: 'inherited', leave: ({ child }) => void child.kill('SIGKILL') },
  { name: 'hung up', leave: ({ pid }) => void process.kill(pid, 'SIGHUP') },
];

/** Nobody reads any more; the next answer finds out. */
function breakStdout({ child, send }: McpLines): void {
  child.stdout?.destroy();
  send({ id: 'unread', method: 'tools/list', params: {} });
}

/** Proof 10: MCP servers whose clients are gone go too, and what they held is free. */
export const orphans: Proof = {
  name: 'orphans',
  title: `${ways.length * each} MCP servers that lose their client in ${ways.length} ways`,
  promises: ['L7', 'S7'],
  seconds: 110,
  async run(setting): Promise<Outcome> {
    await using stage = await openStage(setting);
    const count = Math.max(1, Math.round(each * setting.scale));
    const slowest = { gone: 0, free: 0 };
    const findings: Finding[] = [];
    const fates: Promise<void>[] = [];
    const waiting: { way: Way; number: number }[] = ways.flatMap((way) =>
      Array.from({ length: count }, (_, number) => ({ way, number })),
    );
    const next = async () => {
      for (let job = waiting.shift(); job && !setting.signal.aborted; job = waiting.shift()) {
        const { way, number } = job;
        const path = `${way.name.replaceAll(' ', '-')}/${number}.ts`;
        const server = await orphan(stage, way, path);
        fates.push(
          follow(stage, server.pid, path).then(({ gone, free }) => {
            slowest.gone = Math.max(slowest.gone, gone);
            slowest.free = Math.max(slowest.free, free);
            if (gone > goneWithin)
              findings.push({ promise: 'L7', what: `${way.name}: still there after ${goneWithin} s` });
            if (free > freeWithin) findings.push({ promise: 'L7', what: `${way.name}: held after ${freeWithin} s` });
            server.child.kill('SIGKILL');
          }),
        );
      }
    };
    await Promise.all(Array.from({ length: 4 }, next));
    await Promise.all(fates);
    const figures = {
      orphans: fates.length,
      's until gone at most': Math.round(slowest.gone),
      's until free at most': Math.round(slowest.free),
    };
    return { figures, findings: [...findings, ...stage.violations.findings()] };
  },
};

async function orphan({ url, cluster }: Stage, way: Way, path: string): Promise<McpLines> {
  const home = join(cluster.folder, 'home');
  const variables = { DATABASE_URL: url, AGENTCOORD_HOME: home, AGENT_PROJECT: project, AGENT_ID: path };
  const server = await startMcp(variables, way.behind);
  await server.call('acquire_lock', { paths: [path], ttl_seconds: 3600 });
  way.leave(server);
  return server;
}

/** Seconds until the process had ended, and until others could have the lock. */
async function follow({ administrator }: Stage, pid: number, path: string): Promise<{ gone: number; free: number }> {
  const begun = performance.now();
  const seconds = () => (performance.now() - begun) / 1000;
  let gone: number | undefined;
  for (;;) {
    if (gone === undefined && (!isRunning(pid) || seconds() > goneWithin + 1)) gone = seconds();
    const { locks } = await administrator.checkLocks({ paths: [path] });
    if (gone !== undefined && (locks.length === 0 || seconds() > freeWithin + 1)) return { gone, free: seconds() };
    await pause(gone !== undefined && seconds() > 5 ? 1000 : 200);
  }
}

function isRunning(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/State:\sZ/.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}
