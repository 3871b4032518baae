import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Dice } from './dice.ts';

/** What becomes of a piece that a client sends. */
export type Fate =
  | 'passed'
  /** Passed on after a while. */
  | 'delayed'
  /** The connection breaks before the server has seen anything. */
  | 'lost'
  /** The server does it, and the connection breaks instead of the answer. */
  | 'unanswered'
  /** The client's side is closed behind it; the answer may still come. */
  | 'half_closed'
  /** Nothing more comes or goes, and nobody is told. */
  | 'dark';

/** How often each fate is drawn; what is left is passed. */
export type Weather = Partial<Record<Exclude<Fate, 'passed'>, number>>;

/** A way to a server on which pieces get lost, by dice. */
export class FaultyWay implements AsyncDisposable {
  readonly #server: Server;
  readonly #target: { host: string; port: number };
  readonly #dice: Dice;
  readonly #weather: Weather;
  readonly #sockets = new Set<Socket>();
  readonly counts: Partial<Record<Fate, number>> = {};

  private constructor(target: { host: string; port: number }, dice: Dice, weather: Weather) {
    this.#target = target;
    this.#dice = dice;
    this.#weather = weather;
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#join(client));
  }

  /** Before any address with a host and a port. */
  static async before(url: string, dice: Dice, weather: Weather): Promise<FaultyWay> {
    const { hostname, port } = new URL(url);
    const proxy = new FaultyWay({ host: hostname, port: Number(port) }, dice, weather);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  /** The same address by way of the proxy. */
  through(url: string): string {
    const way = new URL(url);
    way.port = String((this.#server.address() as AddressInfo).port);
    return way.href.replace(/\/$/, '');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server.close(), 'close');
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #join(client: Socket): void {
    const server = connect({ ...this.#target, allowHalfOpen: true });
    const pair = { client, server, answers: 'pass' as 'pass' | 'break' | 'swallow' };
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('end', () => other.end());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    client.on('data', (piece) => this.#send(pair, piece));
    server.on('data', (piece) => {
      if (pair.answers === 'pass') client.write(piece);
      else if (pair.answers === 'break') client.destroy();
    });
  }

  #send(pair: { client: Socket; server: Socket; answers: string }, piece: Buffer): void {
    const fate = this.#draw();
    this.counts[fate] = (this.counts[fate] ?? 0) + 1;
    if (fate === 'lost') return void pair.client.destroy();
    if (fate === 'unanswered') pair.answers = 'break';
    if (fate === 'dark') pair.answers = 'swallow';
    // Waiting pieces keep their order, because the next ones are not read before.
    if (fate === 'delayed') {
      pair.client.pause();
      setTimeout(
        () => {
          pair.server.write(piece);
          pair.client.resume();
        },
        this.#dice.between(5, 150),
      );
    } else pair.server.write(piece);
    if (fate === 'half_closed') pair.server.end();
  }

  #draw(): Fate {
    let left = this.#dice.fraction();
    for (const [fate, share] of Object.entries(this.#weather)) {
      if (left < share) return fate as Fate;
      left -= share;
    }
    return 'passed';
  }
}
