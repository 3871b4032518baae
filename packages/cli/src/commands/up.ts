import { once } from 'node:events';
import { operationsOf } from '@agentcoord/contract';
import {
  type Config,
  type Database,
  importKeys,
  localTransport,
  openDatabase,
  serverStatus,
  startSweeper,
  startWebhooks,
  webhookOf,
  workspaceOf,
} from '@agentcoord/core';
import { assertFree, createApp, listen } from '@agentcoord/http';
import { createHttpHandler } from '@agentcoord/mcp';
import { configOf } from '../configuration.ts';
import { commandLineCaller } from '../connection.ts';
import { elsewhere } from '../elsewhere.ts';
import { ensureFirstKey, knownKeyFile } from '../first_key.ts';
import type { Globals } from '../globals.ts';
import { findHttpProcess, forgetHttpProcess, noteHttpProcess } from '../http_process.ts';
import { print, printJson, printProgress } from '../output.ts';
import { version } from '../version.ts';
import { describe, type Started, welcome, welcomeAgain } from '../welcome.ts';

/** Starts what a first day needs, and stays until it is told to end. */
export async function up({ json, ...globals }: Globals): Promise<void> {
  const config = configOf(globals);
  if (config.url) throw elsewhere(config.url, 'start');
  const running = await findHttpProcess(config.home);
  if (running) {
    if (new URL(running.url).port !== String(config.port)) {
      printProgress(`It keeps its port; to use ${config.port}, end it first: agentcoord down.`);
    }
    const { project } = await workspaceOf(process.cwd(), config);
    const again = { ...running, api_key_file: knownKeyFile(config.home, project) ?? null, already_running: true };
    if (json) printJson(again);
    else print(welcomeAgain(again));
    return;
  }
  await using cleanup = new AsyncDisposableStack();
  // Last: what callers have left to be computed, and nobody waits for any more, must not keep the process alive.
  cleanup.defer(() => {
    setTimeout(() => process.exit(), 2000).unref();
  });
  const stopped = stopSignal();
  const workspace = await workspaceOf(process.cwd(), config);
  await assertFree(config);
  const database = cleanup.adopt(await openDatabase(config, { onProgress: printProgress }), (opened) => opened.close());
  const url = await serve(config, database, cleanup);
  for (const complaint of await importKeys(database, workspace.project, config.chosen_keys)) printProgress(complaint);
  const administrator = localTransport(database, workspace.project, commandLineCaller(config));
  const keyFile = await ensureFirstKey({ home: config.home, project: workspace.project, url }, administrator);
  const data = database.kind === 'embedded' ? (await serverStatus(config.home)).cluster : undefined;
  announce({ url, keyFile, project: workspace.project, kind: database.kind, home: config.home, data }, json === true);
  await stopped;
}

async function serve(config: Config, database: Database, cleanup: AsyncDisposableStack): Promise<string> {
  cleanup.defer(startSweeper(database));
  const webhook = webhookOf(config);
  if (webhook) cleanup.defer(startWebhooks(database, webhook, { onFailure: printProgress }));
  const outside = config.public_url === undefined ? [] : [new URL(config.public_url)];
  const mcp = createHttpHandler({ operations: operationsOf(config.toolsets), version });
  const app = await createApp({
    database,
    version,
    mounts: [{ path: '/mcp', handle: mcp, close: () => mcp.close() }],
    allowedHosts: [...config.allowed_hosts, ...outside.map(({ host }) => host)],
    allowedOrigins: outside.map(({ origin }) => origin),
    logger: { level: 'warn', stream: process.stderr },
  });
  cleanup.adopt(app, (server) => server.close());
  const url = await listen(app, { host: config.host, port: config.port });
  await noteHttpProcess(config.home, { pid: process.pid, url });
  cleanup.defer(() => forgetHttpProcess(config.home, process.pid));
  return url;
}

function announce(started: Started, json: boolean): void {
  const ready = describe(started);
  if (json) printJson({ ...ready, pid: process.pid, already_running: false });
  else print(welcome(ready));
}

/** Asked for before anything is started, so that an early Ctrl-C still cleans up. */
function stopSignal(): Promise<unknown> {
  return Promise.race((['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((signal) => once(process, signal)));
}
