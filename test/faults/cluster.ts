import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { isRoot, serverAccounts } from '../../packages/core/src/embedded/account.ts';
import { findBinaries } from '../../packages/core/src/embedded/binaries.ts';
import { placeOf } from '../../packages/core/src/embedded/place.ts';
import { freePort } from '../helpers/agentcoord.ts';

const execute = promisify(execFile);

/** A Postgres on a loopback port, with durable defaults, that can be hurt. */
export class Cluster implements AsyncDisposable {
  readonly folder: string;
  readonly port: number;
  readonly #programs: string;
  readonly #password = randomUUID();
  readonly #account = serverAccounts()[0];
  /** Variables of the server's process, such as libfaketime's. */
  environment: Record<string, string> = {};

  private constructor(folder: string, port: number, programs: string) {
    this.folder = folder;
    this.port = port;
    this.#programs = programs;
  }

  static async start(environment: Record<string, string> = {}): Promise<Cluster> {
    const folder = mkdtempSync(join(tmpdir(), 'coord-faults-'));
    const [account] = serverAccounts();
    const { folder: programs } = await findBinaries({ ...placeOf(folder), account });
    const cluster = new Cluster(folder, await freePort(), programs);
    cluster.environment = environment;
    await cluster.#create();
    await cluster.start();
    return cluster;
  }

  /** Where its superuser connects. */
  url(database = 'postgres', port = this.port): string {
    return `postgres://postgres:${this.#password}@127.0.0.1:${port}/${database}`;
  }

  async start(): Promise<void> {
    const settings = `-p ${this.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=300`;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#run('pg_ctl', '-D', 'data', '-w', '-s', '-l', 'log', '-o', settings, 'start');
      } catch (error) {
        // While processes of a killed server are still around, Postgres refuses to start.
        if (attempt === 50) throw error;
        await pause(100);
      }
    }
  }

  /** An immediate stop: as if the server had been killed, every process of it at once. */
  async crash(): Promise<void> {
    await this.#endWith('SIGQUIT');
  }

  /** SIGKILL of the postmaster alone; its children notice by themselves. */
  async kill(): Promise<void> {
    await this.#endWith('SIGKILL');
  }

  /** SIGKILL of one process that serves a connection: Postgres restarts all of them. */
  killBackend(pid: number): void {
    if (this.processes().includes(pid)) process.kill(pid, 'SIGKILL');
  }

  /** Nothing of the server moves until `resume`. */
  pause(): void {
    for (const pid of this.processes()) signal(pid, 'SIGSTOP');
  }

  resume(): void {
    for (const pid of this.processes()) signal(pid, 'SIGCONT');
  }

  /** The postmaster and its children. */
  processes(): number[] {
    const postmaster = this.#postmaster();
    if (postmaster === undefined) return [];
    const children = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8');
    return [postmaster, ...children.split(' ').filter(Boolean).map(Number)];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.resume();
    await this.crash();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #create(): Promise<void> {
    const passwordFile = join(this.folder, 'password');
    writeFileSync(passwordFile, this.#password, { mode: 0o600 });
    chmodSync(this.folder, 0o700);
    for (const path of [passwordFile, this.folder]) chownSync(path, this.#account.uid, this.#account.gid);
    const words = `-D data -U postgres --locale=C -E UTF8 -A scram-sha-256 --pwfile=${passwordFile} --no-sync`;
    await this.#run('initdb', ...words.split(' '));
  }

  async #run(program: string, ...words: string[]): Promise<void> {
    const env = { PATH: process.env.PATH ?? '', LC_ALL: 'C', ...this.environment };
    const account = isRoot() ? this.#account : {};
    await execute(join(this.#programs, program), words, { cwd: this.folder, env, ...account });
  }

  #postmaster(): number | undefined {
    const file = join(this.folder, 'data/postmaster.pid');
    const pid = existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : 0;
    return pid > 0 && existsSync(`/proc/${pid}`) ? pid : undefined;
  }

  async #endWith(name: NodeJS.Signals): Promise<void> {
    const pid = this.#postmaster();
    if (pid === undefined) return;
    process.kill(pid, name);
    while (isRunning(pid)) await pause(5);
  }
}

/** A zombie has ended, whoever reaps it. */
function isRunning(pid: number): boolean {
  try {
    return !/State:\sZ/.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended between the look and the signal.
  }
}
