import { fork } from 'node:child_process';
import { once } from 'node:events';
import { coordinatorOver } from '@agentcoord/contract';
import type { KeyCaller } from '@agentcoord/core';
import { Client } from './client.ts';
import { type Ground, maxWorkers } from './ground.ts';
import type { Side } from './measure.ts';

/** Our HTTP server in a process of its own, with a key and a session for each worker. */
export interface Door extends AsyncDisposable {
  /** Who the sessions belong to. */
  caller: KeyCaller;
  /** Of the workers, in their order. */
  sessions: readonly string[];
  lockPair: Side;
}

/** Starts the server; disposing ends it. */
export async function openDoor({ server, administrator, projectId }: Ground): Promise<Door> {
  await using cleanup = new AsyncDisposableStack();
  const child = fork(new URL('servers/http.ts', import.meta.url), [server.home]);
  cleanup.defer(async () => {
    if (!child.connected) return;
    child.disconnect();
    await once(child, 'exit');
  });
  const failed = once(child, 'exit').then(() => Promise.reject(new Error('The HTTP server did not start.')));
  const [url] = (await Promise.race([once(child, 'message'), failed])) as [string];
  const { api_key, key_id } = await coordinatorOver(administrator).createKey({ agent: 'client' });
  const client = new Client(url, { authorization: `Bearer ${api_key}` });
  cleanup.defer(() => client.close());
  const registrations = Array.from({ length: maxWorkers }, () => client.post('/v1/sessions', {}));
  const sessions = (await Promise.all(registrations)).map(({ session_id }) => session_id as string);
  const moved = cleanup.move();
  return {
    caller: { key_id, project_id: projectId },
    sessions,
    lockPair: lockPairOver(client, sessions),
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

function lockPairOver(client: Client, sessions: readonly string[]): Side {
  return {
    async run(worker) {
      const headers = { 'agentcoord-session': sessions[worker] as string };
      const input = { paths: [`src/http/${worker}.ts`] };
      await client.post('/v1/locks/acquire', input, headers);
      await client.post('/v1/locks/release', input, headers);
    },
  };
}
