import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { postgresDatabase } from '@agentcoord/core';
import type { TestDatabase } from './database.ts';

/** A way to the test server that can be cut and mended. */
export class Wire implements AsyncDisposable {
  readonly #target: URL;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;
  #silent = false;

  private constructor(target: URL) {
    this.#target = target;
  }

  static async before({ url }: TestDatabase): Promise<Wire> {
    const wire = new Wire(new URL(url));
    await wire.mend();
    return wire;
  }

  /** DATABASE_URL by way of the wire. */
  get url(): string {
    const url = new URL(this.#target);
    url.searchParams.delete('host');
    url.host = `127.0.0.1:${this.#port}`;
    return url.href;
  }

  /** Nobody listens any more, and every connection is reset: the server is gone. */
  async cut(): Promise<void> {
    const closed = this.#server && once(this.#server.close(), 'close');
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    this.#server = undefined;
  }

  /** Connections stay, new ones are taken, and nothing is passed on: a cable was pulled. */
  silence(): void {
    this.#silent = true;
  }

  /** Whatever was in the way is gone. What was swallowed stays so, as do the connections that it was meant for. */
  async mend(): Promise<void> {
    this.#silent = false;
    if (this.#server) return;
    this.#server = createServer((socket) => this.#pass(socket));
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cut();
  }

  #pass(socket: Socket): void {
    const { hostname, port, searchParams } = this.#target;
    const folder = searchParams.get('host');
    const server = folder ? connect(join(folder, `.s.PGSQL.${port || 5432}`)) : connect(Number(port || 5432), hostname);
    for (const [from, to] of [
      [socket, server],
      [server, socket],
    ] as const) {
      this.#sockets.add(from);
      from.on('data', (chunk) => this.#silent || to.write(chunk));
      from.on('error', () => {});
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }
}

/** The same database, with every way to it but `sql` by way of the wire. */
export function through(wire: Wire, db: TestDatabase): TestDatabase {
  const { url } = wire;
  const database = postgresDatabase({ kind: 'postgres', connection: url, where: 'The test database' });
  return {
    ...db,
    ...{ url, connection: url, database },
    [Symbol.asyncDispose]: () => database.close(),
  };
}
