import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { CoordinationError, coordinatorOver } from '@agentcoord/contract';
import { parseTarget } from '@agentcoord/core';
import { configOf } from '../configuration.ts';
import { agentName, connect } from '../connection.ts';
import { proxyVariables, runBehind } from '../egress/child.ts';
import { gateOver, type Place } from '../egress/gate.ts';
import { type ProxyOptions, startProxy } from '../egress/proxy.ts';
import type { Globals } from '../globals.ts';
import { print, printJson, printProgress } from '../output.ts';

/** Runs a command behind a proxy that keeps to the network rules; without one, the proxy until it is ended. */
export async function egress(globals: Globals, command: readonly string[], { port }: { port?: string }): Promise<void> {
  const config = configOf(globals);
  const agent_type = config.agent_type ?? 'cli';
  const identity = { agent: agentName(config), agent_type, trust: 2, label: 'egress' };
  await using cleanup = new AsyncDisposableStack();
  const { transport } = cleanup.use(await connect(config, { identity, onProgress: printProgress }));
  const options: ProxyOptions = {
    gate: gateOver(coordinatorOver(transport), { own: placeOf(config.url) }),
    password: randomBytes(16).toString('hex'),
    onRefused: onceEach(),
    ...(port === undefined ? {} : { port: portOf(port) }),
  };
  const proxy = cleanup.adopt(await startProxy(options), (started) => started.close());
  if (command.length > 0) {
    process.exitCode = await runBehind(proxy.url, command);
    return;
  }
  const variables = proxyVariables(proxy.url);
  if (globals.json) printJson({ url: proxy.url, variables });
  else
    print(
      Object.entries(variables)
        .map(([name, value]) => `export ${name}='${value}'`)
        .join('\n'),
    );
  printProgress('The proxy runs until it is ended with Ctrl-C. Paste these lines where its users are started.');
  await Promise.race((['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((signal) => once(process, signal)));
}

function placeOf(url: string | undefined): Place | undefined {
  if (url === undefined) return undefined;
  const target = parseTarget(url);
  return 'problem' in target || !target.port ? undefined : { host: target.host, port: target.port };
}

/** Tells of each host once: a program that is told no tries again, and its user should see why, not how often. */
function onceEach(): (host: string, error: CoordinationError) => void {
  const told = new Set<string>();
  return (host, { message, hint }) => {
    if (told.has(host) || told.size >= 1000) return;
    told.add(host);
    printProgress(`agentcoord egress: ${message} ${hint}`);
  };
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new CoordinationError({
    code: 'invalid_input',
    message: '--port: must be a port, 0 to 65535',
    hint: 'Leave it out to get a free one.',
  });
}
