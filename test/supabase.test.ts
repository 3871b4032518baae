import { coordinatorOver } from '@agentcoord/contract';
import { localTransport } from '@agentcoord/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { supabaseDatabase } from '../packages/core/src/databases/supabase.ts';
import { cloneDatabase } from './helpers/database.ts';
import {
  isPostgrestMissing,
  legacyServiceKey,
  publishableKey,
  secretKey,
  startPostgrest,
} from './helpers/postgrest.ts';
import { refusalOf } from './stories/story.ts';

const missing = isPostgrestMissing();
if (missing) console.log(`Supabase: not tried, because ${missing}`);

describe.skipIf(missing)('Supabase', () => {
  const cleanup = new AsyncDisposableStack();
  let url: string;
  beforeAll(async () => {
    url = cleanup.use(await startPostgrest(cleanup.use(await cloneDatabase()))).url;
  });
  afterAll(() => cleanup.disposeAsync());

  const coordinatorWith = (key: string) =>
    coordinatorOver(
      localTransport(supabaseDatabase(url, key), 'test', { agent: 'ann', agent_type: 'test', trust: 2, label: 'x' }),
    );

  test.each([
    ['a secret key', secretKey],
    ['a legacy service_role key', legacyServiceKey],
  ])('%s may call operations', async (_, key) => {
    expect(await coordinatorWith(key).acquireLock({ paths: ['a.ts'] })).toMatchObject({ acquired: true });
  });

  test.each([
    ['a publishable key', publishableKey],
    ['a key that nobody knows', 'sb_secret_unknown'],
  ])('%s may call nothing, and the error does not repeat it', async (_, key) => {
    const refusal = await refusalOf(coordinatorWith(key).acquireLock({ paths: ['a.ts'] }));
    expect(refusal).toMatchObject({ code: 'internal', details: { sqlstate: '42501' } });
    expect(JSON.stringify(refusal)).not.toContain(key);
  });
});
