import { createServer } from 'node:net';
import { findHttpProcess } from '../http_process.ts';
import type { Finding, Subject } from './finding.ts';

export async function checkHttp({ config: { home } }: Subject): Promise<Finding> {
  const http = await findHttpProcess(home);
  if (!http) return { ok: true, detail: 'not running; only HTTP clients need it (agentcoord up)' };
  const response = await fetch(`${http.url}/readyz`, { signal: AbortSignal.timeout(4000) });
  if (response.ok) return { ok: true, detail: `${http.url} is ready` };
  return { ok: false, detail: `${http.url} runs, but its database does not answer.`, hint: 'See `backend` above.' };
}

export async function checkPort({ config: { home, host, port, url } }: Subject): Promise<Finding> {
  if (url) return { ok: true, detail: 'not needed: the coordinator runs elsewhere' };
  if (await findHttpProcess(home)) return { ok: true, detail: 'in use by the HTTP server of this home' };
  const problem = await listenOnce(host, port);
  if (problem === undefined) return { ok: true, detail: `${port} on ${host} is free` };
  return {
    ok: false,
    detail: `${port} on ${host} cannot be used (${problem}).`,
    hint: 'Set AGENTCOORD_PORT to a free port.',
  };
}

function listenOnce(host: string, port: number): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const server = createServer();
  server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  server.listen({ host, port }, () => server.close(() => resolve(undefined)));
  return promise;
}
