import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { placeOf } from './place.ts';
import { recordedPostmaster } from './postmaster.ts';
import { probe } from './probe.ts';
import { isStopped } from './stop.ts';

/** What can be said about the server of a home without touching it. */
export interface ServerStatus {
  home: string;
  running: boolean;
  /** Process id of the server, while it runs. */
  pid: number | undefined;
  /** True after `stopServer`, until the server is started on purpose. */
  stopped: boolean;
  /** The data folder. */
  cluster: string;
  /** Of the running server, else the major version of the data; undefined before the first start. */
  version: string | undefined;
  socketFolder: string;
  log: string;
}

/** Looks, and changes nothing. */
export async function serverStatus(folder: string): Promise<ServerStatus> {
  const place = placeOf(folder);
  const { home, cluster, log } = place;
  const health = await probe(place);
  const running = health.state !== 'down';
  return {
    ...{ home, running, cluster, log, socketFolder: health.socketFolder, stopped: isStopped(home) },
    pid: running ? recordedPostmaster(place)?.pid : undefined,
    version: health.state === 'ready' ? health.version : await dataVersion(cluster),
  };
}

async function dataVersion(cluster: string): Promise<string | undefined> {
  const path = join(cluster, 'PG_VERSION');
  return existsSync(path) ? (await readFile(path, 'utf8')).trim() : undefined;
}
