import { hash } from 'node:crypto';
import type { Database } from '@agentcoord/core';
import { type AppOptions, createApp } from '@agentcoord/http';

export const taskId = '019a8e7c-2f64-7cc1-9d0e-5a1b2c3d4e5f';

/** A well-formed key with that id. */
export function keyOf(id: string, secret = 'ab'.repeat(32)): string {
  return `ac_${id}_${secret}${hash('sha256', `${id}_${secret}`, 'hex').slice(0, 8)}`;
}

/** The one key that `databaseOf` knows. */
export const key = keyOf('abcdefghij01');

export type Answers = (name: string, args: Record<string, unknown>) => unknown;

/** A database that knows one key and remembers what it was asked. */
export function databaseOf(answers: Answers = () => ({})) {
  const calls: { name: string; args: Record<string, unknown> }[] = [];
  const database: Database & { calls: typeof calls; valid: boolean } = {
    kind: 'postgres',
    calls,
    valid: true,
    async call(name, args) {
      calls.push({ name, args });
      if (name !== 'authenticate_key') return answers(name, args);
      const known = database.valid && args.p_key_id === 'abcdefghij01';
      return known ? { project_id: 7, agent: 'a', trust: 2, expires_at: null } : null;
    },
    async close() {},
  };
  return database;
}

type App = Awaited<ReturnType<typeof createApp>>;

const open: App[] = [];

/** A server over the given database; `closeApps` closes it. */
export async function appOf(options: Partial<AppOptions> = {}): Promise<App> {
  const app = await createApp({ database: databaseOf(), version: '1.2.3', ...options });
  open.push(app);
  return app;
}

export async function closeApps(): Promise<void> {
  await Promise.all(open.splice(0).map((app) => app.close()));
}

type Headers = Record<string, string>;

export const json = { 'content-type': 'application/json' };

export const bearer = (text: string): Headers => ({ authorization: `Bearer ${text}` });

export const get = (url: string, headers: Headers = {}) =>
  ({ method: 'GET', url, headers: { ...bearer(key), ...headers } }) as const;

export const post = (url: string, payload: string | object, headers: Headers = {}) =>
  ({ method: 'POST', url, payload, headers: { ...bearer(key), ...headers } }) as const;
