import type { Invoker } from '@agentcoord/contract';
import type { Server } from '@modelcontextprotocol/server';
import type { Report } from './failure.ts';
import { assertResource } from './resources.ts';
import { followResources } from './updates.ts';

/** Sends a client updates of the resources it has subscribed to; follows the journal only while there is one. */
export class Subscriptions {
  readonly #server: Server;
  readonly #invoker: Invoker;
  readonly #report: Report;
  readonly #wanted = new Set<string>();
  #all = false;
  #stop: (() => void) | undefined;

  constructor(server: Server, invoker: Invoker, report: Report) {
    this.#server = server;
    this.#invoker = invoker;
    this.#report = report;
    // The protocol before 2026; later clients listen, which the SDK answers, see listen().
    server.setRequestHandler('resources/subscribe', ({ params }) => this.#change(() => this.#add(params.uri)));
    server.setRequestHandler('resources/unsubscribe', ({ params }) =>
      this.#change(() => this.#wanted.delete(params.uri)),
    );
    const close = server.onclose;
    server.onclose = () => {
      close?.();
      this.#change(() => this.#clear());
    };
  }

  /** The client listens for what the SDK picks out of all updates. */
  listen(): void {
    this.#change(() => {
      this.#all = true;
    });
  }

  #add(uri: string): void {
    assertResource(uri);
    this.#wanted.add(uri);
  }

  #clear(): void {
    this.#wanted.clear();
    this.#all = false;
  }

  #change(change: () => unknown): Record<string, never> {
    change();
    const isWanted = this.#all || this.#wanted.size > 0;
    if (!isWanted) this.#stop = void this.#stop?.();
    else this.#stop ??= followResources(this.#invoker, (uri) => this.#send(uri), this.#report);
    return {};
  }

  #send(uri: string): void {
    if (!this.#all && !this.#wanted.has(uri)) return;
    this.#server.sendResourceUpdated({ uri }).catch(this.#report);
  }
}
