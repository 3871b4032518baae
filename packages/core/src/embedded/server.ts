import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { superuser } from './configuration.ts';
import { electStarter } from './election.ts';
import { type Place, placeOf, port } from './place.ts';
import { createProductDatabase, type Health, probe, productDatabase } from './probe.ts';
import { refusal, refusalOfFile } from './refusal.ts';
import { start } from './start.ts';
import { assertNotStopped, permitStart } from './stop.ts';
import { noteVerified, verifiedSocketFolder } from './verified.ts';

/** The running server of a home. */
export interface EmbeddedServer {
  home: string;
  /** The data folder. */
  cluster: string;
  socketFolder: string;
  port: number;
  superuser: string;
  log: string;
  /** True when this call started the server, false when it was running or another process started it. */
  startedHere: boolean;
  /** Options for postgres.js; without arguments, the product's database as superuser. */
  connection(database?: string, role?: string): Connection;
}

/** The part of postgres.js' options that says where to connect and as whom. */
export interface Connection {
  host: string;
  port: number;
  database: string;
  username: string;
  ssl: false;
}

/** How a server is asked for. */
export interface StartOptions {
  /** False for a reconnect: then a server stopped with `stopServer` stays stopped. Default true. */
  explicit?: boolean;
  /** Told, in words for people, what takes time. */
  onProgress?: (line: string) => void;
}

const readyWithin = 30_000;
/** Postgres refuses to start while processes of a killed server are still around: a matter of moments. */
const refusedFor = 5_000;

/** Finds or starts the one server of this home, with the product's database; throws `unavailable` after 30 s. */
export async function ensureServer(folder: string, options: StartOptions = {}): Promise<EmbeddedServer> {
  const { explicit = true, onProgress = () => {} } = options;
  try {
    makeFolder(folder);
    const place = placeOf(folder);
    if (explicit) await permitStart(place.home);
    const mayStart = () => explicit || assertNotStopped(place.home);
    mayStart();
    const socketFolder = await verifiedSocketFolder(place);
    if (socketFolder !== undefined) return describe(place, socketFolder, false);
    return await bringUp(place, mayStart, onProgress);
  } catch (error) {
    throw refusalOfFile(error, folder);
  }
}

/** Level by level: where nothing can be made, as below /proc, `recursive` would try for ever. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process may have been faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

async function bringUp(
  place: Place,
  mayStart: () => void,
  onProgress: (line: string) => void,
): Promise<EmbeddedServer> {
  const begun = Date.now();
  let startedHere = false;
  for (;;) {
    const health = await probe(place);
    if (health.state === 'ready') {
      noteVerified(place);
      return describe(place, health.socketFolder, startedHere);
    }
    if (Date.now() - begun > readyWithin) throw notReady(place, health);
    mayStart();
    if (health.state === 'empty') await createProductDatabase(health);
    else if (health.state === 'down' && (await startIfElected(place, onProgress))) startedHere = true;
    else await sleep(25);
  }
}

async function startIfElected(place: Place, onProgress: (line: string) => void): Promise<boolean> {
  await using election = await electStarter(place.home);
  if (!election) return false;
  let refusedSince: number | undefined;
  for (;;) {
    // The one elected before may have finished in between, or anybody may have won against us.
    if ((await probe(place)).state !== 'down') return false;
    const complaint = await start(place, onProgress);
    if (complaint === undefined) return true;
    refusedSince ??= Date.now();
    if (Date.now() - refusedSince > refusedFor) throw notStarted(place, complaint);
    await sleep(200);
  }
}

function describe(place: Place, socketFolder: string, startedHere: boolean): EmbeddedServer {
  const { home, cluster, log } = place;
  return {
    ...{ home, cluster, socketFolder, port, superuser, log, startedHere },
    connection(database = productDatabase, role = superuser) {
      return { host: socketFolder, port, database, username: role, ssl: false };
    },
  };
}

function notStarted({ log }: Place, complaint: string) {
  return refusal(
    'unavailable',
    `The embedded Postgres does not start: ${complaint}`,
    `Its log, ${log}, says more. Remove the reason and call again, or set DATABASE_URL.`,
  );
}

function notReady({ log }: Place, { state }: Health) {
  return refusal(
    'unavailable',
    `The embedded Postgres is not ready after ${readyWithin / 1000} s (${state}).`,
    `It may still be recovering: its log, ${log}, says so. Call again.`,
  );
}
