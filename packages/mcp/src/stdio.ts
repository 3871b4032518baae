import { type Invoker, polled } from '@agentcoord/contract';
import { StdioServerTransport, serveStdio as serve } from '@modelcontextprotocol/server/stdio';
import { claimStdout, whenClientGone } from './client.ts';
import { lineTo, type Report, reportToConsole } from './failure.ts';
import { MessageLines } from './lines.ts';
import { createServer, type Offer } from './server.ts';
import type { Subscriptions } from './subscriptions.ts';

/** Milliseconds that `onClose` may take before the process exits without it. */
const closeLimit = 2000;

export interface StdioOptions extends Offer {
  /** Connects and opens the session; called at once, and again by the next call after it has failed. */
  openInvoker(): Promise<Invoker>;
  /** Ends the session; called once, when the client is gone. */
  onClose?(): Promise<void>;
}

/** Serves MCP on stdin and stdout, and exits the process when its client is gone. */
export function serveStdio({ openInvoker, onClose, report = reportToConsole, ...offer }: StdioOptions): void {
  const stdout = claimStdout();
  const invoker = opened(openInvoker, report);
  let subscriptions: Subscriptions | undefined;
  let listens = false;
  const onMethod = (method: unknown) => {
    listens ||= method === 'subscriptions/listen';
    if (listens) subscriptions?.listen();
  };
  const messages = new MessageLines(stdout, onMethod);
  const transport = new StdioServerTransport(process.stdin.pipe(messages), stdout);
  // Of the servers that are made, the last one stays with the client.
  const updates = (made: Subscriptions) => {
    subscriptions = made;
    if (listens) made.listen();
  };
  serve(() => createServer({ ...offer, report, invoker, updates }), { transport, onerror: lineTo(report) });
  whenClientGone(() => closed(onClose, report).finally(() => process.exit(0)));
}

/** Listing tools must not wait for a database: the session opens behind the first answers, and calls wait for it. */
function opened(open: () => Promise<Invoker>, report: Report): Invoker {
  let opening: Promise<Invoker> | undefined;
  const current = () => {
    opening ??= open().catch((cause) => {
      opening = undefined;
      throw cause;
    });
    return opening;
  };
  current().catch(report);
  return {
    invoke: async (...call) => (await current()).invoke(...call),
    async *events(...wanted) {
      const invoker = await current();
      yield* invoker.events?.(...wanted) ?? polled(invoker, ...wanted);
    },
  };
}

async function closed(close: (() => Promise<void>) | undefined, report: Report): Promise<void> {
  if (!close) return;
  const limit = new Promise<void>((resolve) => setTimeout(resolve, closeLimit));
  await Promise.race([close().catch(report), limit]);
}
