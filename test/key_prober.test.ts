import type { Database } from '@agentcoord/core';
import { createApp } from '@agentcoord/http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';
import { keyOf } from './helpers/http_door.ts';

let db: TestDatabase;
let root: TestSession;
const cleanup = new AsyncDisposableStack();

beforeAll(async () => {
  db = cleanup.use(await cloneDatabase());
  root = await db.session('root', { trust: 4 });
});
afterAll(() => cleanup.disposeAsync());

/** A server over the database, and the names of what it has asked of it. */
async function serve(): Promise<{ inject: (key: string) => Promise<string>; asked: string[] }> {
  const asked: string[] = [];
  const call: Database['call'] = (name, args) => {
    asked.push(`${name}(${Object.keys(args).sort().join()})`);
    return db.database.call(name, args);
  };
  const app = await createApp({ database: { ...db.database, call }, version: '0.0.0-test' });
  cleanup.defer(() => app.close());
  return {
    asked,
    inject: async (key) => {
      const answer = await app.inject({ url: '/v1/board', headers: { authorization: `Bearer ${key}` } });
      // The number of the request stands in the body, and is not always as long.
      const { date: _, 'content-length': __, ...headers } = answer.headers as Record<string, unknown>;
      const { instance: ___, ...body } = answer.json();
      return JSON.stringify([answer.statusCode, headers, body]);
    },
  };
}

test('a prober is told the same, and the database asked the same, whatever is wrong with the key', async () => {
  const [good, revoked, expired] = await Promise.all([1, 2, 3].map(() => root.createKey({ agent: 'cloud' })));
  if (!good || !revoked || !expired) throw new Error('There are three keys.');
  await root.revokeKey({ key_id: revoked.key_id });
  await db.sql`update coord.api_keys set expires_at = clock_timestamp() - interval '1 s' where key_id = ${expired.key_id}`;
  const keys = {
    unknown: keyOf('zzzzzzzzzzzz'),
    'with a wrong secret': keyOf(good.key_id),
    revoked: revoked.api_key,
    expired: expired.api_key,
    'chosen, and unknown': 'nobody-has-chosen-this',
  };
  const { inject, asked } = await serve();
  expect(await inject(good.api_key)).toMatch(/^\[200/);
  const seen = new Map<string, string>();
  for (const [name, key] of Object.entries(keys)) {
    // Twice: nothing is remembered of a key that does not work, by which the second time could be told from the first.
    for (let time = 0; time < 2; time++) {
      asked.length = 0;
      const answer = await inject(key);
      seen.set(`${name} ${time}`, `${answer} after ${asked}`);
    }
  }
  expect([...seen.values()][0]).toMatch(/^\[401.*after authenticate_key\(p_key_id,p_secret_hash\)$/);
  expect(new Set(seen.values()).size, JSON.stringify([...seen], null, 2)).toBe(1);
});
