import type { Socket } from 'node:net';
import { CoordinationError } from '@agentcoord/contract';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { clientGone } from './failures.ts';

/**
 * Milliseconds in which a client must have taken a piece of what it was sent, and between two looks. An answer is one
 * piece, and has 2 MB at most.
 */
const [takesWithin, lookEvery] = [30_000, 5000];

/** Requests of one connection at once: few clients send the next before they have the answer to the last. */
const mostAtOnce = 16;

/** Bytes of answers to one key that it has not taken; no further request is carried out before it does. */
const mostOfKey = 32 * 1_048_576;

/** How far a connection had come at the last look. */
interface Progress {
  written: number;
  left: number;
  since: number;
}

/**
 * Answers that nobody reads stay in memory: connections that take nothing any more are cut, those that ask for more than
 * they can take are closed, and a key that leaves its answers lying gets no others.
 */
export class Unread {
  readonly #ofKey = new Map<string, number>();
  readonly #sockets = new Map<Socket, Progress>();
  readonly #underWay = new WeakMap<Socket, number>();

  constructor(app: FastifyInstance) {
    app.server.on('connection', (socket) => {
      this.#sockets.set(socket, { written: 0, left: 0, since: 0 });
      socket.once('close', () => this.#sockets.delete(socket));
    });
    const looking = setInterval(() => this.#cutStuck(), lookEvery).unref();
    app.addHook('onClose', async () => clearInterval(looking));
    app.addHook('onRequest', async ({ raw: { socket } }, { raw: response }) => {
      const others = this.#underWay.get(socket) ?? 0;
      if (others >= mostAtOnce) socket.destroy();
      // Also the others of this connection, which Node has read already.
      if (socket.destroyed) throw clientGone();
      this.#underWay.set(socket, others + 1);
      response.once('close', () => this.#underWay.set(socket, (this.#underWay.get(socket) ?? 1) - 1));
    });
    app.addHook('onSend', async (_request, reply, payload) => {
      if (typeof payload === 'string') this.add(reply, Buffer.byteLength(payload));
    });
  }

  /** So many bytes are on their way to the client of this reply. */
  add({ request, raw: response }: FastifyReply, bytes: number): void {
    const key = request.credential?.fingerprint;
    // Who has gone already will not be heard of again.
    if (key === undefined || bytes === 0 || response.destroyed) return;
    this.#count(key, bytes);
    response.once('close', () => this.#count(key, -bytes));
  }

  /** Counts bytes that wait for a client until disposed of; undefined when its key has too much to take already. */
  hold({ credential }: FastifyRequest, bytes: number): Disposable | undefined {
    const key = credential?.fingerprint ?? '';
    if ((this.#ofKey.get(key) ?? 0) + bytes > mostOfKey) return undefined;
    this.#count(key, bytes);
    return { [Symbol.dispose]: () => this.#count(key, -bytes) };
  }

  #count(key: string, bytes: number): void {
    const left = (this.#ofKey.get(key) ?? 0) + bytes;
    if (left > 0) this.#ofKey.set(key, left);
    else this.#ofKey.delete(key);
  }

  /** Throws `limit_exceeded` when the key has too much to take already. */
  refuse({ credential }: FastifyRequest): void {
    const bytes = this.#ofKey.get(credential?.fingerprint ?? '') ?? 0;
    if (bytes < mostOfKey) return;
    throw new CoordinationError({
      code: 'limit_exceeded',
      message: `${Math.round(bytes / 1_048_576)} MiB of answers to this key have not been taken.`,
      hint: 'Read the answers to your requests, or close their connections, and send this one again.',
    });
  }

  #cutStuck(): void {
    const now = performance.now();
    for (const [socket, { written, left, since }] of this.#sockets) {
      const isStuck = socket.writableLength > 0 && socket.writableLength === left && socket.bytesWritten === written;
      if (isStuck && now - since >= takesWithin) socket.destroy();
      else if (!isStuck) {
        this.#sockets.set(socket, { written: socket.bytesWritten, left: socket.writableLength, since: now });
      }
    }
  }
}
